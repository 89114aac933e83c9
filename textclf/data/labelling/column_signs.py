"""What a column looks like: its name as people publish texts, labels and other facts, and what its cells hold."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..reading.raw_split import RawSplit, is_class_label, is_string
from .label_names import clean_name, number

# Names under which text is published, one field or two; lower case, letters and digits only.
# fmt: off
TEXT_NAMES = (
    "text", "sentence", "sentences", "comment", "comments", "commenttext", "content", "contents", "document",
    "documents", "doc", "review", "reviews", "reviewtext", "reviewbody", "tweet", "tweets", "tweettext",
    "originaltweet", "title", "titles", "newstitle", "headline", "headlines", "body", "cleanbody", "message",
    "utterance", "question", "description", "abstract", "article", "passage", "query", "post", "premise",
    "hypothesis", "텍스트", "문장", "제목", "본문", "내용", "댓글", "리뷰", "기사",
    "文本", "内容", "評論", "评论", "标题", "正文", "句子", "文章", "テキスト", "本文", "タイトル", "文",
    "レビュー", "コメント",
)
TITLES = ("title", "headline", "subject", "제목", "标题", "タイトル")
BODIES = (
    "body", "cleanbody", "content", "contents", "text", "description", "shortdescription", "abstract", "article",
    "message", "plot", "overview", "summary", "synopsis", "lyrics", "본문", "내용", "正文", "内容", "本文",
)
PAIR_NAMES = (
    ("text", "textpair"), ("text1", "text2"), ("sentence1", "sentence2"), ("sentencea", "sentenceb"),
    ("question1", "question2"),
    ("premise", "hypothesis"), ("context", "hypothesis"), ("question", "sentence"), ("question", "passage"),
    ("claim", "evidence"),
    *((title, body) for title in TITLES for body in BODIES),
)
# Names under which labels are published: the first tier is meant by whoever writes it, the second may be.
LABEL_NAMES = (
    ("labels", "label", "goldlabel"),
    ("category", "categories", "class", "classes", "topic", "topics", "topicidx", "sentiment", "target", "tag", "tags",
     "intent", "emotion", "emotions", "gold", "y", "genre", "genres", "rating", "stars", "polarity",
     "라벨", "레이블", "분류", "주제", "범주", "카테고리", "태그", "감정", "감성", "标签", "標籤", "类别", "類別",
     "分类", "情感", "ラベル", "カテゴリ", "カテゴリー", "分類", "感情", "極性"),
)
LIKE_LABELS = {"label", "labels"}  # the last word of a name that means the first tier too: entailment_label
SCORES = ("score", "scores", "reviewscore", "overall")  # stars where nothing else is a label, else upvotes or sureness
TOTALS = {"count", "counts", "total", "votes", "annotators", "raters", "n"}
# Words in the names of columns that say something about a row other than its label.
OTHER_FACTS = {
    "id", "ids", "idx", "index", "uid", "guid", "no", "num", "number", "row", "rows", "count", "counts", "length",
    "len", "words", "chars", "tokens", "date", "time", "datetime", "timestamp", "year", "month", "day", "hour",
    "week", "at", "created", "updated", "lang", "language", "locale", "country", "region", "state", "city",
    "province", "location", "place", "geo", "lat", "lon", "latitude", "longitude", "author", "authors", "user",
    "username", "screenname", "name", "account", "handle", "speaker", "annotator", "annotators", "worker", "rater",
    "coder", "reviewer", "source", "sources", "outlet", "publisher", "origin", "site", "domain", "platform",
    "device", "client", "app", "channel", "url", "urls", "uri", "link", "links", "href", "image", "images", "photo",
    "photos", "file", "filename", "path", "split", "splits", "fold", "folds", "subset", "partition", "batch",
    "subreddit", "forum", "board",
    "verified", "purchase", "retweet", "retweets", "retweeted", "reply", "replies", "quote", "quoted", "truncated",
    "favorite", "favorites", "favorited", "like", "likes", "follower", "followers", "friends", "views", "shares",
    "vote", "votes", "upvotes", "downvotes", "helpful", "useful", "funny", "cool", "age", "keyword", "keywords",
    "confidence", "score", "scores", "probability", "prob", "agreement", "hash", "md5", "asin", "isbn", "price",
    "version", "deleted", "edited", "premium", "mobile", "sponsored", "promoted", "anonymous", "checked", "status",
    "unnamed", "helpfulness", "thumbs", "condition",
    "타임스탬프", "번호", "순번", "날짜", "일자", "시간", "작성자", "작성일", "주소", "출처", "언론사", "이름",
    "아이디", "링크", "조회수", "编号", "日期",
    "时间", "作者", "来源", "番号", "日付", "著者",
}
# fmt: on
# What a look at the first rows of train takes for labels: few distinct values, each several times.
ROWS_LOOKED_AT = 10_000
MOST_LABELS = 500
MOST_NUMBERS = 50  # of which more are counts or years
NEARLY_EMPTY = 0.5
LABEL_WORDS, LABEL_CHARACTERS = 4.0, 60.0  # on average; more are sentences
WITHOUT_SPACES = r"[\x{0e00}-\x{0eff}\x{1000}-\x{109f}\x{1780}-\x{17ff}\x{3040}-\x{30ff}\x{3400}-\x{9fff}]"
DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}([-/.]\d{1,4})?([ T]\d.*)?|\d{1,2}:\d{2}.*")


@dataclass(frozen=True)
class Signs:
    """What the first rows of a column say about it."""

    name: str
    filled: float
    """Share of the cells that hold something."""
    distinct: int
    words: float
    """Words a cell on average; in scripts without spaces two characters count as one."""
    text: bool
    """Whether it holds words, most cells other ones, several in each."""
    label: bool
    """Whether it has few values, each several times, as labels do."""
    flag: bool
    """Whether its values are 0 and 1, true and false, or yes and no."""
    wordy: bool
    """Whether its values are words, as against numbers."""

    @property
    def other_fact(self) -> bool:
        """Whether its name says that it holds something other than text or labels."""
        return plain(self.name) in OTHER_FACTS or not OTHER_FACTS.isdisjoint(pieces(self.name))


def pieces(name: str) -> list[str]:
    """Return the words that a column's name is made of, in small letters: `reviewText` is review and text."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+", name)]


def plain(name: str) -> str:
    """Return a column's name in small letters and digits only."""
    return "".join(character for character in name.lower() if character.isalnum())


def look(train: RawSplit, name: str) -> Signs:
    """Look at the first rows of a column."""
    cells = train.table[name].slice(0, ROWS_LOOKED_AT)
    rows = max(len(cells), 1)
    feature = train.features.get(name)
    inner = getattr(feature, "feature", feature)  # a datasets feature, not an object of ours
    declared = is_class_label(inner)
    if pa.types.is_struct(cells.type) or name in train.mixed:
        return Signs(name, 1.0, 0, 0.0, text=False, label=declared, flag=False, wordy=False)
    nested = pa.types.is_nested(cells.type)
    values = pa.chunked_array([chunk.flatten() for chunk in cells.chunks]) if nested and len(cells) else cells
    if pa.types.is_nested(values.type):
        return Signs(name, 1.0, 0, 0.0, text=False, label=False, flag=False, wordy=False)
    if is_string(values.type):
        return _look_at_words(name, values, rows, nested, declared)
    given = values.drop_null()
    distinct = given.unique().to_pylist() if not pa.types.is_temporal(values.type) else []
    numbers = [float(value) for value in distinct if isinstance(value, int | float)]
    classes = bool(numbers) and len(numbers) == len(distinct) and _numbers_of_classes(numbers)
    few = 2 <= len(distinct) <= rows / 3
    filled = len(given) / max(len(values), 1)
    flag = not nested and bool(numbers) and {*numbers} <= {0.0, 1.0, -1.0} and {*numbers} & {0.0, 1.0} != set()
    label = declared or (few and classes and filled >= NEARLY_EMPTY)
    return Signs(name, filled, len(distinct), 1.0, text=False, label=label, flag=flag, wordy=declared)


def _look_at_words(name: str, cells: pa.ChunkedArray, rows: int, nested: bool, declared: bool) -> Signs:
    trimmed = pc.utf8_trim_whitespace(cells.drop_null())
    trimmed = trimmed.filter(pc.greater(pc.binary_length(trimmed), 0))
    filled = len(trimmed) / max(len(cells), 1)
    if not len(trimmed):
        return Signs(name, 0.0, 0, 0.0, text=False, label=declared, flag=False, wordy=True)
    spaces = pc.mean(pc.count_substring_regex(trimmed, r"\s+")).as_py()
    words = 1 + spaces + pc.mean(pc.count_substring_regex(trimmed, WITHOUT_SPACES)).as_py() / 2
    distinct = trimmed.unique()
    first = [clean_name(value) for value in distinct.slice(0, MOST_LABELS + 1).to_pylist()]
    short = words < LABEL_WORDS or spaces < LABEL_WORDS - 1
    short = short and pc.mean(pc.utf8_length(trimmed)).as_py() < LABEL_CHARACTERS
    numbers = [value for word in first if (value := number(word)) is not None]
    dates = sum(bool(DATE.fullmatch(word)) and number(word) is None for word in first) > len(first) / 2
    classes = _numbers_of_classes(numbers) if len(numbers) == len(first) else not dates
    few = 2 <= len(distinct) <= min(MOST_LABELS, rows / 3)
    written = all(word[:1] in "[{<" for word in first[:20])  # lists of labels: few of those that occur are equal
    written_flags = {"0", "1", "0.0", "1.0", "true", "false", "-1"}, {"y", "n"}, {"yes", "no"}
    flag = not nested and any({word.lower() for word in first} <= each for each in written_flags)
    return Signs(
        name,
        filled,
        len(distinct),
        words,
        text=not (nested or written or dates) and len(distinct) > len(trimmed) / 2 and words >= 2,
        label=declared or (few and classes and short and filled >= NEARLY_EMPTY),
        flag=flag,
        wordy=len(numbers) < len(first),
    )


def _numbers_of_classes(numbers: list[float]) -> bool:
    """Say whether numbers look like those of classes: whole, and few or nearly without gaps from 0 or 1 on."""
    if not all(value.is_integer() for value in numbers):
        return False
    dense = -1 <= min(numbers, default=0) <= 1 and max(numbers, default=0) < 1.5 * len(numbers)
    return len(numbers) <= MOST_NUMBERS or (dense and len(numbers) <= MOST_LABELS)


def same_labels(train: RawSplit, first: str, second: str) -> bool:
    """Say whether two columns say the same of every row in other words: `label` and `label_text`."""
    table = train.table.select([first, second]).slice(0, ROWS_LOOKED_AT)
    if any(pa.types.is_nested(column.type) for column in table.columns):
        return False
    pairs = table.group_by([first, second]).aggregate([])
    distinct = {
        len(pairs),
        pc.count_distinct(table[first], "all").as_py(),
        pc.count_distinct(table[second], "all").as_py(),
    }
    return len(distinct) == 1


def fractions(train: RawSplit, name: str) -> bool:
    """Say whether a column holds numbers, some of them with a fraction."""
    first = [str(cell) for cell in train.table[name].slice(0, MOST_LABELS).to_pylist() if cell is not None]
    numbers = [number(cell.strip()) for cell in first]
    return bool(numbers) and all(value is not None for value in numbers) and any((value or 0) % 1 for value in numbers)


def same_texts(train: RawSplit, first: str, second: str) -> bool:
    """Say whether two columns of words hold the same text in most rows: `sentence` and `original`."""
    cells = train.table.select([first, second]).slice(0, ROWS_LOOKED_AT)
    equal = pc.equal(*(column.cast(pa.string()) for column in cells.columns))
    return bool((pc.mean(equal).as_py() or 0.0) > 0.5)


def votes(train: RawSplit, chosen: str) -> set[str]:
    """Return columns that count how many annotators chose each class: their sum is their number in every row."""
    table = train.table.slice(0, ROWS_LOOKED_AT)
    whole = [
        each.name
        for each in table.schema
        if each.name != chosen and not table[each.name].null_count and _whole_numbers(table[each.name])
    ]

    def numbers(name: str) -> NDArray[np.float64]:
        return table[name].cast(pa.float64()).to_numpy()

    for total in (name for name in whole if TOTALS & set(pieces(name))):
        most = numbers(total)
        parts = [name for name in whole if name != total and (numbers(name) <= most).all()]
        if len(parts) > 1 and np.array_equal(np.sum([*map(numbers, parts)], axis=0), most):
            return {*parts, total}
    return set()


def _whole_numbers(cells: pa.ChunkedArray) -> bool:
    if is_string(cells.type):
        return bool(pc.all(pc.match_substring_regex(cells, r"^\d{1,9}$")).as_py())
    return bool(pa.types.is_integer(cells.type))

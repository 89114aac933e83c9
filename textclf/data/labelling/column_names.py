"""What the names of columns say: under which texts and labels are published, and under which other facts."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

# Names under which text is published, one field or two; lower case, letters and digits only.
# fmt: off
TEXT_NAMES = (
    "text", "sentence", "sentences", "comment", "comments", "commenttext", "content", "contents", "document",
    "documents", "doc", "review", "reviews", "reviewtext", "reviewbody", "tweet", "tweets", "tweettext",
    "originaltweet", "title", "titles", "newstitle", "headline", "headlines", "body", "cleanbody", "message",
    "utterance", "selftext", "question", "description", "abstract", "article", "passage", "query", "post", "premise",
    "hypothesis", "텍스트", "문장", "제목", "본문", "내용", "댓글", "리뷰", "기사",
    "文本", "内容", "評論", "评论", "标题", "正文", "句子", "文章", "テキスト", "本文", "タイトル", "文",
    "レビュー", "コメント",
)
TITLES = ("title", "headline", "subject", "제목", "标题", "タイトル")
BODIES = (
    "body", "cleanbody", "content", "contents", "text", "description", "shortdescription", "abstract", "article",
    "message", "selftext", "plot", "document", "story", "articletext", "fullcontent",
    "fulltext", "overview", "summary", "synopsis", "lyrics", "본문", "내용", "正文", "内容", "本文",
)
PAIR_NAMES = (
    ("text", "textpair"), ("text1", "text2"), ("sentence1", "sentence2"), ("sentencea", "sentenceb"),
    ("question1", "question2"),
    ("premise", "hypothesis"), ("context", "hypothesis"), ("question", "sentence"), ("question", "passage"),
    ("question", "paragraph"), ("question", "context"),
    ("claim", "evidence"),
    *((title, body) for title in TITLES for body in BODIES),
)
# Names under which labels are published: the first tier is meant by whoever writes it, the second may be.
LABEL_NAMES = (
    ("labels", "label", "goldlabel", "labelgold"),
    ("category", "categories", "class", "classes", "topic", "topics", "topicidx", "sentiment", "target", "tag", "tags",
     "intent", "emotion", "emotions", "stance",
     "gold", "y", "genre", "genres", "rating", "stars", "starrating", "polarity",
     "라벨", "레이블", "분류", "주제", "평점", "별점", "범주", "카테고리", "태그", "감정", "감성", "标签", "標籤",
     "类别", "類別", "分类", "情感", "ラベル", "カテゴリ", "カテゴリー", "分類", "感情", "極性"),
)
LABEL_PIECES = {name for tier in LABEL_NAMES for name in tier} | {"sentiment", "polarity", "type"}
# What a text itself says: a column of such a name is the answer beside whatever else is known of the text.
ANSWERS = {"sentiment", "sentiments", "polarity", "emotion", "emotions", "intent", "intents", "stance",
           "감정", "감성", "情感", "感情", "極性"}
# What a text is about: beside a column that is called as labels are, such a one is none.
SUBJECTS = {"airline", "brand", "company", "product", "entity", "store", "hotel", "restaurant", "movie", "vendor",
            "manufacturer", "retailer", "artist", "singer", "director", "actor", "cast", "game", "vehicle",
            "priority", "urgency", "queue", "team", "gender", "sex", "party", "race", "ethnicity", "religion",
            "occupation", "role", "dialect", "accent", "season", "license", "currency",
            "size", "color", "colour", "variation", "variant", "flavor", "flavour",
            "브랜드", "회사", "업체", "品牌", "商品"}
# What a text is judged about: one text may be judged about several such things, and otherwise about each.
ASPECTS = {"aspect", "aspects", "target", "targets", "term", "terms", "entity", "attribute", "속성", "대상", "属性"}
# Of two columns with such names the first is the question, the second its subject or a finer answer.
LEADING = (
    ("stance", "target"), ("coarse", "fine"), ("main", "sub"), ("1", "2"), ("1", "3"),
    ("대분류", "중분류"), ("대분류", "소분류"), ("一级", "二级"), ("category", "subcategory"), ("topic", "subtopic"),
    ("type", "subtype"), ("genre", "subgenre"), ("class", "subclass"), ("", "sub"), ("", "fine"),
)
LIKE_LABELS = ("label", "labels", "라벨", "레이블", "标签", "標籤", "ラベル")  # how a name ends that means it too
SCORES = ("score", "scores", "reviewscore", "overall")  # stars where nothing else is a label, else upvotes or sureness
COLUMNS_LISTED = 12
TOTALS = {"count", "counts", "total", "votes", "annotators", "raters", "n"}
# Words in the names of columns that say something about a row other than its label.
OTHER_FACTS = {
    "id", "ids", "idx", "index", "uid", "guid", "no", "num", "number", "row", "rows", "count", "counts", "length",
    "len", "words", "chars", "tokens", "date", "time", "datetime", "timestamp", "year", "month", "day", "hour",
    "week", "at", "created", "updated", "lang", "language", "locale", "country", "region", "state", "city",
    "province", "location", "place", "geo", "lat", "lon", "latitude", "longitude", "author", "authors", "user",
    "username", "screenname", "name", "account", "handle", "speaker", "annotator", "annotators", "worker", "rater",
    "coder", "reviewer", "source", "sources", "dataset", "corpus",
    "outlet", "press", "newspaper", "newswire", "magazine", "agency", "publisher",
    "origin", "site", "domain", "platform",
    "device", "client", "app", "channel", "url", "urls", "uri", "link", "links", "href", "image", "images", "photo",
    "photos", "file", "filename", "path", "split", "splits", "fold", "folds", "subset", "partition", "batch",
    "subreddit", "forum", "board",
    "verified", "purchase", "retweet", "retweets", "retweeted", "reply", "replies", "quote", "quoted", "truncated",
    "favorite", "favorites", "favorited", "like", "likes", "follower", "followers", "friends", "views", "shares",
    "vote", "votes", "upvotes", "downvotes", "helpful", "useful", "funny", "cool", "age", "keyword", "keywords",
    "confidence", "score", "scores", "probability", "prob", "agreement", "hash", "md5", "asin", "isbn", "price",
    "predicted", "prediction", "predictions", "pred", "preds", "guess",
    "version", "deleted", "edited", "premium", "mobile", "sponsored", "promoted", "anonymous", "checked", "status",
    "qty", "quantity", "items", "sellers", "sort", "assignee", "trusted", "unit", "taster",
    "unnamed", "helpfulness", "thumbs", "thumbsup", "thumbsdown", "condition",
    "golden", "judgments", "address", "postal", "postalcode", "zip", "zipcode", "phone", "email",
    "answered", "replied", "resolved", "closed", "assigned", "processed",
    "word", "syllable", "syllables",
    "상품명", "제품명", "닉네임", "매체", "성별", "연령", "나이", "지역", "등록일", "게시일", "추천수", "댓글수",
    "좋아요", "타임스탬프", "번호", "순번", "연번", "날짜", "일자", "시간", "작성자", "작성일", "주소", "출처",
    "언론사", "이름", "아이디", "링크", "조회수", "编号", "日期",
    "时间", "作者", "来源", "番号", "日付", "著者",
}
# How Korean names of such facts end: one word is written there where others write two.
OTHER_FACTS_END = (
    "번호", "일시", "일자", "날짜", "시간", "시각", "처리상태", "진행상태", "답변상태",
    "부서", "담당자", "건수", "횟수", "주소", "이름", "아이디",
)
# Who speaks, or what is said, where a text is answered: the text that has the label is the one before.
REPLIES = {
    "response", "responses", "reply", "bot", "chatbot", "assistant", "system", "챗봇", "답변", "답변내용", "응답",
    "시스템", "시스템문장", "시스템응답", "상담사", "回复", "回答", "返信", "応答",
}
# Of these nothing is learnt, whatever else a table lacks: when a row was made, its name, how often it was seen.
NEVER_LABELS = {
    "id", "ids", "idx", "index", "uid", "guid", "date", "time", "datetime", "timestamp", "url", "urls", "uri", "link",
    "links", "hash", "md5", "file", "filename", "path", "count", "counts", "length", "latitude", "longitude",
    "unnamed", "날짜", "일자", "등록일", "게시일", "작성일", "번호", "순번", "연번", "조회수", "日期", "时间", "编号",
    "日付", "番号",
}
# What is asked for an answer that may be judged itself: beside these nobody knows which of the two the label is about.
REQUESTS = {"prompt", "prompts", "instruction", "instructions", "question", "query", "input", "context", "질문",
            "프롬프트", "지시", "问题", "質問"}
# Those that are quantities and places: as yes and no beside other such columns they say what a text is about.
ABOUT = {"age", "country", "region", "location", "연령", "나이", "지역"}
# Those among them of which yes and no says nothing about a text, whatever stands beside it.
PLAIN_FACTS = {"verified", "purchase", "retweet", "retweeted", "truncated", "favorited", "edited", "deleted",
               "sponsored", "promoted", "premium", "mobile", "image", "images", "photo", "photos", "url", "urls",
               "link", "links", "price"}
# fmt: on


def pieces(name: str) -> list[str]:
    """Return the words that a column's name is made of, in small letters: `reviewText` is review and text."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+", name)]


def plain(name: str) -> str:
    """Return a column's name in small letters and digits only."""
    return "".join(character for character in name.lower() if character.isalnum())


def says_another_fact(name: str) -> bool:
    """Say whether a column's name says that it holds something other than text or labels."""
    words = pieces(name)
    known = plain(name) in OTHER_FACTS or not OTHER_FACTS.isdisjoint(words)
    return known or any(word.endswith(OTHER_FACTS_END) for word in words[-1:])


def is_request(name: str) -> bool:
    """Say whether a column's name says that it asks for an answer, of a model say."""
    return not REQUESTS.isdisjoint(pieces(name))


def is_reply(name: str) -> bool:
    """Say whether a column's name says that it answers the text of its row."""
    return not REPLIES.isdisjoint(pieces(name))


def ends_in_text(name: str) -> bool:
    """Say whether a column's name ends as texts are called: `selected_text`."""
    return "".join(pieces(name)[-1:]) in {"text", "texts"}


def called_text(name: str) -> bool:
    """Say whether a column is called as texts are, or as their titles: `review_title`."""
    return plain(name) in TEXT_NAMES or ends_in_text(name) or "".join(pieces(name)[-1:]) in TITLES[:2]


def ends_in_label(name: str) -> bool:
    """Say whether a column's name ends as labels are called: `entailment_label`, `감정라벨`."""
    last = "".join(pieces(name)[-1:])
    return last in LIKE_LABELS or any(last.endswith(word) for word in LIKE_LABELS if not word.isascii())


def leads(first: str, second: str) -> bool:
    """Say whether a column is the question to which another is subject or detail: `coarse_label`, `fine_label`."""
    one, other = pieces(first), pieces(second)
    only = " ".join(word for word in one if word not in other), " ".join(word for word in other if word not in one)
    levels = {"level", "lvl", "depth", "hierarchy", "cat"}
    return only in LEADING and (only[0] != "1" or not levels.isdisjoint(one))


def plain_fact(name: str) -> bool:
    """Say whether a column's name says for certain that its yes and no is about something other than the text."""
    return not PLAIN_FACTS.isdisjoint(pieces(name))


def about(name: str) -> bool:
    """Say whether a column's name, where it answers yes or no, says what a text is about: `지역` beside `종교`."""
    return not ABOUT.isdisjoint(pieces(name))


def _singular(word: str) -> str:
    return word.removesuffix("ies") + "y" if word.endswith("ies") else word.removesuffix("s")


def title_and_body(first: str, second: str) -> bool:
    """Say whether two columns are called title and body of one thing: `news_title`, `news_body`."""
    one, other = plain(first), plain(second)
    if _singular(one) in TITLES and _singular(other) in BODIES:  # titles, summaries
        return True
    if one in TITLES and "".join(pieces(second)[-1:]) in BODIES:  # title, plot_synopsis
        return True
    return any(
        len(one) > len(title) and one.endswith(title) and other == one.removesuffix(title) + body
        for title in TITLES
        for body in BODIES
    )


def listed(names: Sequence[str]) -> str:
    """Return names in quotes, as a sentence lists them."""
    return ", ".join(repr(name) for name in names)


def some_of(names: Sequence[str]) -> str:
    """Return the first of many names, and how many more there are."""
    more = f" and {len(names) - COLUMNS_LISTED} more" if len(names) > COLUMNS_LISTED else ""
    return ", ".join(names[:COLUMNS_LISTED]) + more


def which_column(kind: str, candidates: Sequence[str], names: Sequence[str], suggestion: str = "") -> str:
    """Return the question which of the candidates (among all these names) is meant, with the flag that says it."""
    left = f"none of {some_of(names)} looks like it" if names else "no column is left"
    if kind == "label":
        candidates = sorted(candidates, key=lambda name: LABEL_PIECES.isdisjoint(pieces(name)))
    found = f"more than one could be meant: {some_of(candidates)}" if candidates else left
    most = " (one or two)" if kind == "text" and len(candidates) > 1 else ""
    example = suggestion or (f" {shlex.quote(candidates[0])}, say" if candidates else "")
    return f"Which column holds the {kind}? Found that {found}. Give --{kind}_columns{example}{most}."

"""The words that the names of columns are made of: of texts, labels, and whatever else is known of a row."""

from __future__ import annotations

from . import words_abroad as abroad

# Names under which text is published, one field or two; lower case, letters and digits only.
# fmt: off
TEXT_NAMES = (
    "text", "sentence", "sentences", "comment", "comments", "commenttext", "content", "contents", "document",
    "documents", "doc", "review", "reviews", "reviewtext", "reviewbody", "tweet", "tweets", "tweettext",
    "originaltweet", "title", "titles", "newstitle", "headline", "headlines", "body", "cleanbody", "message",
    "utterance", "selftext", "question", "description", "abstract", "article", "passage", "query", "post", "premise",
    "hypothesis", "텍스트", "문장", "제목", "본문", "내용", "댓글", "리뷰", "기사",
    "文本", "内容", "評論", "评论", "标题", "正文", "句子", "文章", "テキスト", "本文", "タイトル", "文",
    "レビュー", "コメント", "phrase",
    *sorted(abroad.TEXTS - {"text", "phrase"}),
)
TEXT_ITSELF = abroad.TEXT_ITSELF
TITLES = ("title", "headline", "subject", "제목", "标题", "タイトル", *sorted(abroad.TITLES))
BODIES = (
    "body", "cleanbody", "content", "contents", "text", "description", "shortdescription", "abstract", "article",
    "message", "selftext", "plot", "document", "story", "articletext", "fullcontent",
    "fulltext", "overview", "summary", "synopsis", "lyrics", "본문", "내용", "正文", "内容", "本文",
    *sorted(abroad.BODIES - {"text"}),
)
REVIEWS = (
    "review", "reviews", "reviewtext", "reviewbody", "리뷰", "评论", "レビュー", "口コミ", *sorted(abroad.OPINIONS),
)
PAIR_NAMES = (
    ("text", "textpair"), ("text1", "text2"), ("sentence1", "sentence2"), ("sentencea", "sentenceb"),
    ("question1", "question2"),
    ("premise", "hypothesis"), ("context", "hypothesis"), ("question", "sentence"), ("question", "passage"),
    ("question", "paragraph"), ("question", "context"),
    ("claim", "evidence"),
    ("question", "comment"), ("question", "excerpt"),
    *((title, body) for title in TITLES for body in (*BODIES, *REVIEWS)),
)
# Names under which labels are published: the first tier is meant by whoever writes it, the second may be.
LABEL_NAMES = (
    ("labels", "label", "goldlabel", "labelgold", "finallabel", "labelfinal", "majoritylabel", "labelmajority",
     *sorted(abroad.LABELS)),
    ("category", "categories", "class", "classes", "topic", "topics", "topicidx", "sentiment", "target", "tag", "tags",
     "intent", "emotion", "emotions", "stance",
     "gold", "y", "genre", "genres", "rating", "stars", "starrating", "polarity",
     "라벨", "레이블", "분류", "주제", "평점", "별점", "범주", "카테고리", "태그", "감정", "감성", "标签", "標籤",
     "类别", "類別", "分类", "情感", "ラベル", "カテゴリ", "カテゴリー", "分類", "感情", "極性",
     *sorted(abroad.TOPICAL | abroad.ANSWERS), *sorted(abroad.STARS - {"note", "nota", "voto", "星"})),
)
LABEL_ITSELF = {"class", "classes", "gold", "y"}
LABEL_PIECES = {name for tier in LABEL_NAMES for name in tier} | {"sentiment", "polarity", "type"}
# What a text itself says: a column of such a name is the answer beside whatever else is known of the text.
ANSWERS = {"sentiment", "sentiments", "polarity", "emotion", "emotions", "intent", "intents", "stance",
           "감정", "감성", "情感", "感情", "極性", *abroad.ANSWERS}
# What a text is about: beside a column that is called as labels are, such a one is none.
SUBJECTS = {"airline", "brand", "company", "product", "entity", "store", "hotel", "restaurant", "movie", "vendor",
            "manufacturer", "retailer", "artist", "singer", "director", "actor", "cast", "game", "vehicle",
            "priority", "urgency", "queue", "team", "gender", "sex", "party", "race", "ethnicity", "religion",
            "occupation", "role", "dialect", "accent", "season", "license", "currency",
            "size", "color", "colour", "variation", "variant", "flavor", "flavour",
            "브랜드", "회사", "업체", "品牌", "商品", *abroad.SUBJECTS}
# What a text is judged about: one text may be judged about several such things, and otherwise about each.
ASPECTS = {"aspect", "aspects", "target", "targets", "term", "terms", "entity", "attribute", "속성", "대상", "属性"}
# What programs make of a text, and what it answers: how columns are called where the text itself stands beside them.
VARIANTS = {
    "tokenize", "tokenized", "tokenised", "tokens", "tokanize", "token", "clean", "cleaned", "processed",
    "preprocessed", "lemmatized", "lemma", "lemmas", "stemmed", "normalized", "normalised", "segmented", "deepcut",
    "parent", "previous", "quoted", "root", "html", "raw",
    "lower", "lowercase", "without", "stopwords", "nostop", "filtered", "pos", "parse", "masked",
}
# Of two columns with such names the first is the question, the second its subject or a finer answer.
LEADING = (
    ("stance", "target"), ("coarse", "fine"), ("main", "sub"), ("1", "2"), ("1", "3"),
    ("대분류", "중분류"), ("대분류", "소분류"), ("一级", "二级"), ("category", "subcategory"), ("topic", "subtopic"),
    ("type", "subtype"), ("genre", "subgenre"), ("class", "subclass"), ("", "sub"), ("", "fine"),
)
# How a name ends that means it too.
LIKE_LABELS = ("label", "labels", "라벨", "레이블", "标签", "標籤", "ラベル", *sorted(abroad.LABELS))
SCORES = ("score", "scores", "reviewscore", "overall")  # stars where nothing else is a label, else upvotes or sureness
TOTALS = {"count", "counts", "total", "votes", "annotators", "raters", "n"}
# Words in the names of columns that say something about a row other than its label.
OTHER_FACTS = {
    "id", "ids", "idx", "index", "uid", "guid", "no", "num", "number", "row", "rows", "count", "counts", "length",
    "len", "words", "chars", "tokens", "date", "time", "datetime", "timestamp", "year", "month", "day", "hour",
    "week", "at", "created", "updated", "lang", "language", "locale", "country", "region", "state", "city",
    "province", "location", "place", "geo", "lat", "lon", "latitude", "longitude", "author", "authors", "user",
    "username", "screenname", "name", "account", "handle", "speaker", "annotator", "annotators", "worker", "rater",
    "anotator", "anotador", "annotateur",
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
    "时间", "作者", "来源", "番号", "日付", "著者", *abroad.OTHER_FACTS,
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
    "日付", "番号", *abroad.NEVER_LABELS,
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
# Texts in which somebody judges: they are read for what they say before what they are about.
OPINIONS = {
    "review", "reviews", "tweet", "tweets", "comment", "comments", "feedback", "opinion", "opinions", "리뷰",
    "댓글", "후기", "평", "감상평", "의견", "评论", "評論", "评价", "レビュー", "コメント", "口コミ", *abroad.OPINIONS,
}
# Texts that tell of something: they are read for what they are about before how many stars that has.
DOCUMENTS = {
    "plot", "plots", "synopsis", "overview", "summary", "description", "abstract", "article", "news", "lyrics",
    "줄거리", "기사", "초록", "简介", "新闻", "あらすじ", "記事",
}
TOPICAL = {
    "category", "categories", "topic", "topics", "genre", "genres", "theme", "themes", "subject", "section",
    "department", "field", "tag", "tags", "분류", "주제", "범주", "카테고리", "분야", "유형", "태그", "장르",
    "类别", "類別", "分类", "主题", "カテゴリ", "カテゴリー", "分類", "ジャンル", *abroad.TOPICAL,
}
STARS = {
    "rating", "ratings", "rate", "star", "stars", "score", "overall", "grade", "평점", "별점", "점수", "评分", "星级",
    "評価", *abroad.STARS,
}
LIKINGS = {
    "liked", "recommended", "recommend", "recommends", "satisfied", "recommendation", "추천", "만족",
}
VERDICTS = {
    "spam", "ham", "fake", "fraud", "fraudulent", "scam", "phishing", "toxic", "toxicity", "hate", "hateful",
    "hatespeech", "offensive", "abusive", "abuse", "insult", "sarcastic", "sarcasm", "irony", "ironic", "humor",
    "humour", "humorous", "clickbait", "sexist", "sexism", "racist", "racism", "misogyny", "misogynous", "bias",
    "bullying", "cyberbullying", "harassment", "generated", "insincere", "propaganda", "hyperpartisan",
    "depression", "suicide", "suicidal", "misinformation", "rumor", "rumour", "hoax", "sincere", "entailment",
    "verdict", "veracity", "mood", "tone", "feeling", "attitude", "혐오", "스팸",
    "악플", "욕설", "비속어", "풍자", "가짜", "垃圾", "讽刺",
}
# What a name says of any label, or of a text: that a file is called so tells nothing.
GENERAL = {
    "label", "labels", "class", "classes", "type", "target", "id", "ids", "idx", "name", "code", "num", "value",
    "gold", "final", "data", "text", "texts", "is", "has", "csv", "train", "test", "라벨", "레이블", "标签",
}
TAG_WORDS = {
    "tag", "tags", "keyword", "keywords", "hashtag", "hashtags", "태그",
}
# fmt: on

"""Sentences for made-up data sets, written for this project: two opinions and four topics in four languages."""

from __future__ import annotations

from itertools import product

# Opinions are put together from parts, so that a hundred of them differ and each reads like a review.
PARTS = {
    "en": {
        "pos": (
            ["The film", "This kettle", "Our guide", "The new menu", "Her second novel", "That old hotel"],
            ["was a joy from start to end", "did more than it promised", "made the whole week better"],
            ["and I would come back.", 'so "yes, again" it is!', "and, honestly, it was cheap too."],
        ),
        "neg": (
            ["The film", "This kettle", "Our guide", "The new menu", "Her second novel", "That old hotel"],
            ["was a bore from start to end", "broke after two days", "spoilt the whole evening"],
            ["and nobody answered my letter.", "so I want my money back!", "and, sadly, it was dear too."],
        ),
    },
    "ko": {
        "pos": (
            ["이번 영화는", "새로 산 주전자는", "어제 간 식당은", "그 작가의 소설은", "동네 서점은", "우리 안내원은"],
            ["처음부터 끝까지 즐거웠고", "기대보다 훨씬 좋았고", "값에 비해 아주 튼튼했고"],
            ["또 찾고 싶어요.", "친구에게도 권했습니다.", "다음에도 고를 거예요!"],
        ),
        "neg": (
            ["이번 영화는", "새로 산 주전자는", "어제 간 식당은", "그 작가의 소설은", "동네 서점은", "우리 안내원은"],
            ["처음부터 끝까지 지루했고", "이틀 만에 고장이 났고", "값만 비싸고 불친절했고"],
            ["다시는 안 갑니다.", "돈이 아까웠어요.", "환불을 부탁했습니다."],
        ),
    },
    "zh": {
        "pos": (
            ["这家酒店", "新买的水壶", "昨天的电影", "那本小说", "街角的书店", "我们的导游"],
            ["让人从头到尾都很开心", "比想象的好得多", "价格便宜又结实"],
            ["，下次还会再来。", "，已经推荐给朋友了。", "，真的很满意！"],
        ),
        "neg": (
            ["这家酒店", "新买的水壶", "昨天的电影", "那本小说", "街角的书店", "我们的导游"],
            ["让人从头到尾都觉得无聊", "用了两天就坏了", "又贵又不周到"],
            ["，再也不会来了。", "，浪费了我的钱。", "，希望可以退款。"],
        ),
    },
    "ja": {
        "pos": (
            ["このホテルは", "新しいやかんは", "昨日の映画は", "あの小説は", "角の本屋は", "案内の人は"],
            ["最初から最後まで楽しくて", "思ったよりずっと良くて", "値段のわりに丈夫で"],
            ["また行きたいです。", "友達にもすすめました。", "とても満足しました！"],
        ),
        "neg": (
            ["このホテルは", "新しいやかんは", "昨日の映画は", "あの小説は", "角の本屋は", "案内の人は"],
            ["最初から最後まで退屈で", "二日で壊れてしまい", "高いうえに不親切で"],
            ["もう行きません。", "お金がもったいないです。", "返品をお願いしました。"],
        ),
    },
}
GLUE = {"en": " ", "ko": " ", "zh": "", "ja": ""}
TOPICS = {
    "World": ["Ministers of both countries meet", "Voters of the island choose", "The border town waits for news"],
    "Sports": ["The home side wins late", "A young runner takes the title", "Rain stops the final match"],
    "Business": ["The bank raises its rates", "Two makers of shoes join", "Prices of bread fall again"],
    "Sci/Tech": ["A small satellite goes up", "New phones learn old tricks", "The lab counts its bees"],
}
DAYS = [
    "on Monday",
    "on Tuesday",
    "on Wednesday",
    "on Thursday",
    "on Friday",
    "this weekend",
    "in the spring",
    "at last",
]


def opinions(language: str = "en") -> list[tuple[str, str]]:
    """Return 108 different texts with `pos` or `neg`, the two taking turns."""
    glue = GLUE[language]
    made = {label: [glue.join(parts) for parts in product(*lists)] for label, lists in PARTS[language].items()}
    return [
        (text, label)
        for pair in zip(made["pos"], made["neg"], strict=True)
        for text, label in zip(pair, ("pos", "neg"), strict=True)
    ]


def news() -> list[tuple[str, str, str]]:
    """Return 96 different headlines with a body and one of four topics, the topics taking turns."""
    rows = []
    for day, number in product(DAYS, range(3)):
        for topic, titles in TOPICS.items():
            title = f"{titles[number]} {day}"
            rows.append(
                (title, f"{title}, as people who were there told our paper; more of it follows \\ soon.", topic)
            )
    return rows

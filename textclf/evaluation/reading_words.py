"""What the readers of files say, in Korean: sentences as they make them, and the words for each."""

from __future__ import annotations

DELIMITERS = {"commas": "쉼표", "tabs": "탭", "semicolons": "쌍반점", "bars (|)": "세로줄(|)", "spaces": "빈칸"}
EXPORTS = {
    "a Label Studio export; the first annotation of each task is read":
        "Label Studio 내보내기(작업마다 첫 주석을 읽음)",
    "a Label Studio export (JSON-MIN)": "Label Studio 내보내기(JSON-MIN)",
    "an Argilla export; the answer that most gave is the label, drafts are not counted":
        "Argilla 내보내기(가장 많은 답이 라벨이고, 초안은 세지 않음)",
    "a doccano export; annotations are read as labels": "doccano 내보내기(주석을 라벨로 읽음)",
    "a doccano export": "doccano 내보내기",
    "a Prodigy export; rows that were not accepted are left out": "Prodigy 내보내기(수락하지 않은 행은 뺌)",
    "chats; what the user says is the text, what the assistant answers its label":
        "대화(사용자의 말이 글이고 답이 라벨)",
    "texts with spaCy's categories; those of .5 or more are the labels": "spaCy 범주가 있는 글(0.5 이상이 라벨)",
    "texts in pieces, which are joined": "조각난 글(이어 붙임)",
    "a table drawn with bars and rules": "세로줄과 가로줄로 그린 표",
}  # fmt: skip

# Patterns whole sentences match, without the full stop, and what stands for them; {0} is the first group.
READING: tuple[tuple[str, str], ...] = (
    (r"Text is read from (.+)\. Not read: (.+) \(--text_columns takes one or two\)",
     "글을 읽은 항목: {0}. 읽지 않은 항목: {1}(--text_columns로 하나나 둘을 고름)"),
    (r"Not taken for labels: (.+); --label_columns (.+) takes such a column",
     "라벨로 보지 않은 항목: {0}. --label_columns {1}처럼 고를 수 있음"),
    (r"As the model's own data has them, (.+) are read", "모델의 데이터와 같은 항목을 읽음: {0}"),
    (r"Fractions as those in (.+) are not predicted", "{0} 항목의 소수 같은 것은 예측하지 않음"),
    (r"As the data is called after ('.+'), (.+) (?:is|are) left, which could be meant too: --label_columns (.+)",
     "데이터 이름에 있는 {0} 항목을 고름. {1}도 라벨일 수 있음: --label_columns {2}"),
    (r"As ('.+') holds opinions, (.+) (?:is|are) left, which could be meant too: --label_columns (.+)",
     "{0} 항목은 의견이므로 {1}은(는) 고르지 않음. 그것도 라벨일 수 있음: --label_columns {2}"),
    (r"As ('.+') tells of something, (.+) (?:is|are) left, which could be meant too: --label_columns (.+)",
     "{0} 항목은 소개하는 글이므로 {1}은(는) 고르지 않음. 그것도 라벨일 수 있음: --label_columns {2}"),
    (r"As ('.+') (?:has|says|is) (?:.+), (.+) (?:is|are) left, which could be meant too: --label_columns (.+)",
     "{0} 항목이 더 라벨다워 고름. {1}도 라벨일 수 있음: --label_columns {2}"),
    (r"('.+') says the same in numbers; --label_columns (.+) takes those",
     "{0} 항목은 같은 뜻을 수로 적은 것. --label_columns {1}: 그것을 읽음"),
    (r"(\d+%) of the rows have a text that stands there with other labels too, which ('.+') tells apart: it is "
     r"read beside the text; --text_columns (.+) reads the text alone",
     "행의 {0}에서 같은 글이 다른 라벨로도 있고, {1} 항목이 이를 가르므로 글과 함께 읽음. "
     "--text_columns {2}: 글만 읽음"),
    (r"Cells of ('.+') hold several labels, separated by ('.+'); --label_separator none takes each cell for one name",
     "{0} 항목은 칸 하나에 라벨이 여럿이고 {1} 기호로 나뉨. --label_separator none은 칸을 이름 하나로 봄"),
    (r"Cells of ('.+') such as (.+) are read as lists of labels; --label_separator none takes each for one name",
     "{0} 항목의 {1} 같은 칸은 라벨 목록으로 읽음. --label_separator none은 이름 하나로 봄"),
    (r"As other rows of the data have no ('.+'), (.+) (?:is|are) left, which could be meant too: --label_columns (.+)",
     "다른 행에는 없는 {0} 항목을 고름. {1}도 라벨일 수 있음: --label_columns {2}"),
    (r"(\S.*) \(([\d,]+) files\) tells of other texts by its name and is left out",
     "{0}(파일 {1}개)는 이름으로 보아 다른 글에 관한 것이라 뺌"),
    (r"Each list in ('.+') holds one label", "{0} 항목의 목록에는 라벨이 하나씩 있음"),
    (r"(\d+) files are read one below the other: (.+)", "파일 {0}개를 이어서 읽음: {1}"),
    (r"(\S.*?): quotes inside cells are read as plain characters", "{0}: 칸 안의 따옴표는 글자로 읽음"),
    (r"(\S.*?): the word in front of each line is read as its label", "{0}: 줄 앞의 낱말을 라벨로 읽음"),
    (r"(\S.*) is read as (ISO-2022-JP)", "{0}: {1} 인코딩으로 읽음"),
    (r"Lists in ('.+') mark (\d+) labels by their places", "{0} 항목의 목록은 라벨 {1}개를 자리로 표시"),
    (r"Several labels in a cell are separated by ('.+'), as in the model's own data",
     "칸 하나의 여러 라벨은 모델의 데이터처럼 {0} 기호로 나뉨"),
    (r"Some labels look like several \((.+)\): if they are, give --label_separator (.+)",
     "라벨 여럿으로 보이는 것이 있음({0}). 그렇다면 --label_separator {1}"),
    (r"Labels that differ in their spelling only are classes of their own: (.+) `--merge_labels alike` joins them",
     "표기만 다른 라벨도 저마다 한 라벨로 봄: {0} `--merge_labels alike`로 합침"),
    (r"('.+') \((.+)\) is nearly ('.+') \((.+)\): if it is a slip, give --merge_labels (.+)",
     "거의 같은 라벨: {0}({1}건), {2}({3}건). 잘못 적은 것이면 --merge_labels {4}"),
    (r"([\d,]+) rows left out: no split in ('.+')", "{1} 항목에 분할이 없는 {0}행을 뺌"),
    (r"(\S.*?): columns are separated by (commas|tabs|semicolons|bars \(\|\)|spaces|'.+')",
     "{0}: 칸은 {1:d} 기호로 나뉨"),
    (r"(\S.*?): quotes do not pair up and are read as plain characters",
     "{0}: 따옴표가 짝이 맞지 않아 글자로 읽음"),
    (r"(\S.*?): the table begins on line (\d+); what stands above it is left out",
     "{0}: 표는 {1}번째 줄에서 시작하고, 그 위는 뺌"),
    (r"Line 1 of (\S.*) is read as column names; --no_header says that it is a row",
     "{0}: 첫 줄은 항목 이름으로 읽음. 행이라면 --no_header"),
    (r"(\S.*) does not name its columns; read as: (.+)\. --column_names names them, --no_header false says that line "
     r"1 does",
     "{0}: 항목 이름이 없어 이렇게 읽음: {1}. --column_names로 이름을 주고, 첫 줄이 이름이면 --no_header false"),
    (r"(\S.*) does not name its columns; they are numbered\. --column_names names them, --no_header false says that "
     r"line 1 does",
     "{0}: 항목 이름이 없어 번호를 붙임. --column_names로 이름을 주고, 첫 줄이 이름이면 --no_header false"),
    (r"(\S.*) is not UTF-8; read as (\S+) \((sure|unsure): score .+\)\. --encoding says otherwise",
     "{0}: UTF-8이 아니라 {1} 인코딩으로 읽음({2:s}). 다르면 --encoding"),
    (r"(\S.*) is read as (UTF-\S+), which it does not say itself", "{0}: 표시가 없지만 {1} 인코딩으로 읽음"),
    (r"(\S.*) is read as (UTF-\S+)", "{0}: {1} 인코딩으로 읽음"),
    (r"([\d,]+) of ([\d,]+) files are not UTF-8 and are read as (.+)",
     "파일 {1}개 가운데 {0}개는 UTF-8이 아니라 {2} 인코딩으로 읽음"),
    (r"Each folder is a class, each file in it a text: (.+)", "폴더마다 한 라벨, 파일마다 글 하나: {0}"),
    (r"Each file is a class: (.+)", "파일마다 한 라벨: {0}"),
    (r"Each \.json file is a row", ".json 파일마다 한 행"),
    (r"(\S.*) lists (\d+) names, for labels that are numbers", "{0}: 수로 된 라벨의 이름 {1}개가 있음"),
    (r"(\S.*) only shows how answers are handed in, and is left out", "{0}: 제출 보기일 뿐이라 뺌"),
    (r"(\S.*) holds the labels of (\S.*), line by line", "{1}: 라벨은 {0} 파일에 줄마다 있음"),
    (r"(\S.*) holds the labels of the test rows, by ('.+')", "{0}: 테스트 행의 라벨이 {1} 값으로 있음"),
    (r"Left out, for neither name nor columns say that they are rows of a split: (.+)",
     "이름도 항목도 어느 데이터의 행이라고 하지 않아 뺌: {0}"),
    (r"Left out, for they have other columns: (.+)", "항목이 달라 뺌: {0}"),
    (r"No file is called train; taken as training rows: (.+)", "train이라는 파일이 없어 학습 행으로 봄: {0}"),
    (r"(\S.*): the sheet ('.+') is read", "{0}: {1} 시트를 읽음"),
    (r"(\S.*) has sheets by split: (.+)", "{0}: 데이터별 시트가 있음: {1}"),
    (r"(\S.*) holds lists by split: (.+)", "{0}: 데이터별 목록이 있음: {1}"),
    (r"(\S.*) is read as ((?:an?|chats|texts)\b.+)", "{0}: {1:e}"),
    (r"The test split has no column (.+) and counts as missing", "테스트 데이터에 {0} 항목이 없어 없는 것으로 봄"),
    (r"([\d,]+) test rows are labelled -1 throughout, and left out", "라벨이 모두 -1인 테스트 {0}행을 뺌"),
    (r"Splits left out: (.+)", "뺀 데이터: {0}"),
)  # fmt: skip


class _Word(str):
    """A group of a sentence; a format of one letter puts it into Korean, where there is a word for it."""

    def __format__(self, kind: str) -> str:
        known = {"d": DELIMITERS, "e": EXPORTS, "s": {"sure": "확실", "unsure": "불확실"}}.get(kind, {})
        return known.get(str(self), str(self))


def filled(words: str, groups: tuple[str | None, ...]) -> str:
    """Return the words for a sentence with its groups in their places."""
    return words.format(*(_Word(group or "") for group in groups))

"""The words of other languages that names of columns are made of, by what they mean; Latin ones without accents.

Korean, Chinese and Japanese ones that every table has stand in `column_words`; here are the others, and what those
languages write in one word where English writes two.
"""

from __future__ import annotations

# fmt: off
# A text, whatever it is: what `text` is in English.
TEXT_ITSELF = {
    "text", "texte", "texto", "testo", "tekst", "metin", "teks", "vanban", "szoveg", "teksti", "текст", "נוסח",
    "טקסט", "النص", "نص", "متن", "ข้อความ", "पाठ", "κειμενο",
}
TITLES = {
    "titel", "uberschrift", "titre", "titulo", "titolo", "titular", "tytul", "baslik", "judul", "tieude",
    "otsikko", "заголовок", "название", "العنوان", "عنوان", "件名", "見出し", "新闻标题", "新聞標題", "標題",
    "题目",
}
BODIES = {
    "inhalt", "beitrag", "artikel", "contenu", "corps", "contenido", "cuerpo", "articulo", "conteudo", "corpo",
    "artigo", "contenuto", "articolo", "tresc", "artykul", "icerik", "haber", "isi", "konten", "berita",
    "noidung", "содержание", "статья", "новость", "المحتوى", "محتوى", "新闻内容", "新聞內容", "內容", "内文",
    "本文内容", "기사본문", *TEXT_ITSELF,
}
# Texts in which somebody judges.
OPINIONS = {
    "rezension", "kommentar", "meinung", "avis", "critique", "commentaire", "opinion", "resena", "comentario",
    "avaliacao", "recensione", "commento", "recensie", "opmerking", "recenzja", "opinia", "komentarz", "yorum",
    "gorus", "ulasan", "komentar", "opini", "binhluan", "отзыв", "комментарий", "твит", "التعليق", "تعليق",
    "المراجعة", "مراجعة", "تغريدة", "التغريدة", "感想", "投稿", "口コミ本文", "評論內容", "评论内容", "留言",
    "微博中文内容", "微博内容", "微博正文", "리뷰내용", "댓글내용", "상품평", "의견내용",
}
OTHER_TEXTS = {
    "satz", "frage", "nachricht", "phrase", "frase", "oracion", "mensaje", "mensagem", "pregunta", "pergunta",
    "domanda", "messaggio", "zin", "vraag", "zdanie", "pytanie", "cumle", "soru", "kalimat", "pertanyaan",
    "cau", "cauhoi", "предложение", "сообщение", "вопрос", "الجملة", "جملة", "発話", "質問", "質問文",
    "文本内容", "原文", "语句", "问句", "句子内容", "문의내용", "민원내용", "상담내용", "발화", "발화문",
    "질문", "기사내용", "뉴스본문", "뉴스제목",
}
TEXTS = TEXT_ITSELF | TITLES | BODIES | OPINIONS | OTHER_TEXTS
# Names that say "label", and those that say what kind of one.
LABELS = {
    "etiquette", "etiqueta", "rotulo", "etichetta", "etykieta", "etiket", "nhan", "cimke", "метка", "التصنيف",
    "تصنيف", "الوسم", "標記", "标注", "라벨명", "레이블명",
}
TOPICAL = {
    "thema", "kategorie", "klasse", "rubrik", "ressort", "bereich", "categorie", "classe", "sujet", "rubrique",
    "theme", "tema", "categoria", "clase", "seccion", "asunto", "assunto", "secao", "argomento", "sezione",
    "onderwerp", "temat", "kategoria", "klasa", "konu", "kategori", "sinif", "topik", "kelas", "chude",
    "danhmuc", "тема", "категория", "рубрика", "класс", "раздел", "الفئة", "فئة", "الموضوع", "موضوع", "القسم",
    "トピック", "話題", "種別", "分類名", "カテゴリ名", "类型", "主题", "話題類別", "话题", "栏目", "新闻类别",
    "分类名", "대분류", "중분류", "소분류", "분류명", "카테고리명", "유형명", "기사분류", "뉴스분류",
    "주제분류",
}
ANSWERS = {
    "stimmung", "gefuhl", "absicht", "sentimiento", "emocion", "polaridad", "intencion", "sentimento", "emocao",
    "emozione", "polarita", "polaridade", "polarite", "intencao", "intention", "intento", "humeur",
    "sentymentu", "sentyment", "emocja", "duygu", "durum", "sentimen", "emosi", "camxuc", "тональность",
    "настроение", "эмоция", "المشاعر", "الشعور", "感情極性", "ポジネガ", "情感倾向", "情感分类", "情感极性",
    "情感类别", "情绪", "情緒", "情感標籤", "감정상태", "감정분류", "감성분류", "긍부정", "긍부정여부", "의도",
    "意图",
}
STARS = {
    "bewertung", "sterne", "note", "notation", "etoiles", "calificacion", "puntuacion", "estrellas", "puntaje",
    "nota", "valoracion", "pontuacao", "voto", "stelle", "punteggio", "beoordeling", "sterren", "ocena",
    "gwiazdki", "puan", "yildiz", "nilai", "bintang", "danhgia", "sosao", "оценка", "рейтинг", "звезды",
    "التقييم", "تقييم", "評分", "評点", "星", "星評価", "打分", "评级", "만족도", "평가점수",
}
# What a text is about.
SUBJECTS = {
    "film", "produkt", "marke", "produit", "marque", "producto", "marca", "pelicula", "produto", "loja", "prodotto",
    "urun", "marka", "produk", "merek", "sanpham", "фильм", "товар", "бренд", "المنتج", "الفندق", "商品名", "店舗",
    "店铺", "酒店", "书名", "电影名", "제품", "상품", "영화", "식당", "업종",
}
# What else is known of a row.
OTHER_FACTS = {
    "datum", "fecha", "дата", "tarih", "tanggal", "ngay", "tytulid", "autor", "auteur", "autore", "yazar",
    "penulis", "автор", "tacgia", "quelle", "fuente", "fonte", "bron", "zrodlo", "kaynak", "sumber", "источник",
    "nguon", "nombre", "nome", "prenom", "имя", "kullanici", "pengguna", "usuario", "utilisateur", "benutzer",
    "ville", "ciudad", "cidade", "stadt", "pays", "pais", "langue", "idioma", "sprache", "lingua", "язык",
    "lien", "enlace", "ссылка", "numero", "nummer", "sira", "nomor", "التاريخ", "المصدر", "الكاتب", "日時",
    "投稿日", "投稿者", "発信日", "媒体", "发布时间", "发布人账号", "用户名", "用户", "城市", "发布日期",
    "點讚數", "点赞数", "작성자명", "작성일시", "등록일자", "기사날짜",
}
# Of these nothing is learnt.
NEVER_LABELS = {
    "datum", "fecha", "дата", "tarih", "tanggal", "日時", "投稿日", "发布时间", "发布日期",
}
# fmt: on

"""Usual names of columns in English and Korean, and of statuses, kinds and currencies inside them."""

from __future__ import annotations

from typing import Literal

Kind = Literal["items", "interactions", "regions", "reports"]
"""What is imported."""
RowKind = Literal[Kind, "posts", "labels"]
"""What is read from files; posts are scanned, labels have commands of their own."""

REQUIRED: dict[RowKind, tuple[str, ...]] = {
    "items": ("item_id", "title"),
    "interactions": ("ts", "actor_id", "kind"),
    "regions": ("region_id", "name"),
    "reports": ("author_id", "at", "kind", "route"),
    "posts": ("post_id", "author_id", "created_at", "text"),
    "labels": ("item_id", "grade"),
}
MAY_BE_EMPTY = ("text",)
"""Fields that need a column, not a value in each row: a post may be nothing but an image."""
_ITEM = "item_id id listing_id product_id sku 상품번호 상품id 상품코드 게시글번호 매물번호 번호 아이디"
_REGION = "region_id region region_code 지역코드 지역번호 지역 동네 행정동코드 행정동"
# Field to names in order of preference; case, spaces, - and _ do not matter.
_ALIASES: dict[RowKind, dict[str, str]] = {
    "items": {
        "item_id": _ITEM,
        "title": "title 제목 상품명 상품제목 글제목 name product_name item_name subject 이름",
        "body": "body 내용 본문 설명 상품설명 상세설명 description content text 상세",
        "category": "category category_path 카테고리 분류 category_name 카테고리명",
        "price": "price 가격 판매가 판매가격 금액 price_krw unit_price 희망가격 cost asking_price",
        "currency": "currency 통화 currency_code 화폐 통화단위",
        "region_id": f"{_REGION} city town location 도시 시군구",
        "seller_id": "seller_id seller user_id 판매자 판매자id 판매자번호 author_id 작성자 회원번호",
        "seller_type": "seller_type 판매자유형 판매자구분 판매자종류",
        "created_at": "created_at created 등록일 등록일시 등록시각 작성일 작성일시 생성일 "
        "posted_at posted posted_on listed_at date 날짜",
        "updated_at": "updated_at updated 수정일 수정일시 modified_at 변경일시",
        "bumped_at": "bumped_at 끌올 끌올일시 끌올시각",
        "ended_at": "ended_at 종료일 종료일시 판매완료일 sold_at closed_at deleted_at 삭제일시",
        "status": "status 상태 판매상태 거래상태 state",
        "image_paths": "image_paths images image_urls image_path image_url image 이미지 사진",
        "attributes": "attributes 속성 specs specifications 옵션",
        "attributes.brand": "brand 브랜드 brand_name 브랜드명 제조사 maker manufacturer",
    },
    "interactions": {
        "ts": "ts timestamp event_time time occurred_at created_at datetime date 시각 시간 일시 발생일시",
        "actor_id": "actor_id user_id actor user customer_id member_id visitor_id 사용자id 사용자 회원번호 회원id",
        "kind": "kind event event_type event_name action type 종류 유형 행동 이벤트",
        "query": "query search_query q keyword search_term 검색어 질의",
        "item_id": _ITEM,
        "session_id": "session_id session 세션 세션id",
        "position": "position rank pos 순위 위치",
        "region_id": _REGION,
        "n_results": "n_results result_count num_results 결과수 검색결과수",
        "surface": "surface page placement 화면 지면",
        "arm": "arm variant experiment_arm 실험군",
    },
    "regions": {
        "region_id": f"{_REGION} id code 코드",
        "name": "name region_name 이름 지역명 동이름 행정동명 동네이름",
        "neighbour_ids": "neighbour_ids neighbor_ids neighbours neighbors 이웃 인접지역 이웃지역",
    },
    "reports": {
        "author_id": "author_id reported_id reported_user_id target_id target_user_id sanctioned_id 피신고자id "
        "피신고자번호 피신고자 신고대상 제재대상자 제재대상 대상자id 대상자 대상id account_id account user_id "
        "member_id seller_id author user member seller 계정id 계정 회원번호 회원id 사용자id 사용자 판매자id 판매자번호 "
        "판매자 작성자id 작성자",
        "at": "at reported_at sanctioned_at 신고일시 신고일 신고시각 제재일시 제재일 제재시각 처리일시 처리일 조치일시 "
        "조치일 접수일시 접수일 created_at created timestamp ts time datetime date 등록일시 등록일 일시 시각 시간 날짜",
        "kind": "kind type record_type event action 구분 종류 유형 조치",
        "route": "route detected_by found_by detection_route via channel source 경로 탐지경로 발견경로 적발경로 "
        "신고경로 제재경로 유입경로 채널 출처",
        "namespace": "namespace",
        "post_id": "post_id message_id listing_id item_id 게시글번호 게시글id 글번호 메시지번호 메시지id 매물번호 "
        "상품번호",
        "reason": "reason comment note memo 사유 신고사유 제재사유 이유 메모 비고 내용",
    },
    "posts": {
        "namespace": "namespace",
        "post_id": "post_id message_id comment_id msg_id id listing_id item_id 게시글번호 게시글id 글번호 메시지번호 "
        "메시지id 댓글번호 댓글id 매물번호 상품번호 번호",
        "author_id": "author_id author sender_id sender from_id user_id seller_id seller member_id 작성자id 작성자번호 "
        "작성자 보낸사람 발신자 판매자id 판매자번호 판매자 회원번호 회원id 사용자id 사용자 user username nickname "
        "닉네임 아이디",
        "created_at": "created_at created sent_at written_at posted_at published_at 작성일시 작성일 작성시각 "
        "등록일시 등록일 등록시각 보낸시각 발송일시 생성일 timestamp ts time datetime date 일시 시각 시간 날짜",
        "text": "text content message body comment 내용 본문 글 메시지 메세지 댓글 채팅 대화내용 글내용 설명",
        "revision": "revision 수정차수",
        "image_path": "image_path image image_url 이미지 사진",
        "parent_id": "parent_id reply_to parent 상위글번호 원글번호 부모id",
        "room_id": "room_id chat_room_id channel_id room channel 채팅방번호 채팅방id 채팅방",
        "recipient_id": "recipient_id recipient receiver_id receiver to_id buyer_id 수신자id 수신자 받는사람 "
        "구매자id 구매자",
        "category": "category category_path 카테고리 분류 category_name 카테고리명",
        "attributes": "attributes 속성",
        "seller_type": "seller_type author_type user_type 판매자유형 판매자구분 판매자종류 작성자유형 회원유형",
    },
    "labels": {
        "query": "query search_query query_text q keyword search_term 검색어 질의",
        "query_id": "query_id qid 검색어id 질의id",
        "item_id": f"{_ITEM} docid document_id corpus_id",
        "grade": "grade_low grade rating relevance score label esci_label judgement judgment final 등급 평점 점수 "
        "관련도",
        "grade_high": "grade_high",
        "by": "by annotator rater judge labeler labeller 평가자 작업자",
        "at": "at judged_at labelled_at labeled_at annotated_at rated_at 평가일시 평가일 평가시각",
        "note": "note notes comment memo 메모 비고",
        "seconds": "seconds lead_time",
        "golden": "golden ground_truth",
        "facets": "facets",
        "role": "role",
        "shown": "shown",
        "source": "source level",
        "title": "title product_title 제목 상품명",
        "body": "body product_description 내용 본문 설명",
        "category": "category 카테고리",
        "price": "price 가격",
        "currency": "currency 통화",
        "region_id": "region_id 지역코드",
        "attributes": "attributes 속성",
    },
}
ALIASES: dict[RowKind, dict[str, tuple[str, ...]]] = {
    kind: {field: tuple(names.split()) for field, names in fields.items()} for kind, fields in _ALIASES.items()
}
CATEGORY_LEVELS = ("대분류", "중분류", "소분류", "세분류")

STATUS_NAMES = {
    "active": ("active", "판매중", "거래가능", "on_sale", "available"),
    "reserved": ("reserved", "예약중", "예약"),
    "sold": ("sold", "판매완료", "거래완료", "sold_out"),
    "hidden": ("hidden", "숨김", "숨김처리", "비공개"),
}
KIND_NAMES = {
    "search": ("search", "검색"),
    "impression": ("impression", "노출"),
    "click": ("click", "클릭", "조회"),
    "favorite": ("favorite", "favourite", "like", "찜", "관심"),
    "chat": ("chat", "채팅", "문의"),
    "purchase": ("purchase", "order", "구매", "주문"),
}
REPORT_KIND_NAMES = {
    "report": ("report", "reported", "user_report", "userreport", "신고", "신고접수", "이용자신고", "사용자신고"),
    "sanction": (
        *("sanction", "sanctioned", "ban", "banned", "suspend", "suspended", "suspension", "block", "blocked"),
        *("제재", "정지", "이용정지", "계정정지", "활동정지", "일시정지", "영구정지", "차단", "이용제한", "퇴출"),
    ),
}
CURRENCY_NAMES = {"KRW": ("원", "₩", "￦"), "USD": ("$",), "EUR": ("€",), "GBP": ("£",), "JPY": ("¥", "円")}

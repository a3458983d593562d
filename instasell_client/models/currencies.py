"""The world's currencies as ISO 4217 has them, and the signs that people write for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_CODES = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN"
    " BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP"
    " GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS"
    " KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR"
    " MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD"
    " RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP"
    " TRY TTD TWD TZS UAH UGX USD UYI UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG"
)
CODES = frozenset(_CODES.split())

_DOLLAR_CODES = (
    "USD AUD CAD NZD SGD HKD TWD MXN ARS CLP COP BBD BMD BND BSD BZD FJD GYD JMD KYD LRD NAD"
    " SBD SRD TTD UYU XCD DOP"
)
_SIGNS: Mapping[str, Sequence[str]] = {
    "$": _DOLLAR_CODES.split(),
    "US$": ["USD"],
    "A$": ["AUD"],
    "AU$": ["AUD"],
    "C$": ["CAD"],
    "CA$": ["CAD"],
    "NZ$": ["NZD"],
    "S$": ["SGD"],
    "HK$": ["HKD"],
    "NT$": ["TWD"],
    "MX$": ["MXN"],
    "R$": ["BRL"],
    "\N{EURO SIGN}": ["EUR"],
    "\N{POUND SIGN}": ["GBP", "EGP", "FKP", "GIP", "LBP", "SHP", "SSP", "SYP"],
    "\N{YEN SIGN}": ["JPY", "CNY"],
    "\N{FULLWIDTH YEN SIGN}": ["JPY", "CNY"],
    "\u5186": ["JPY"],
    "\u5143": ["CNY"],
    "\N{WON SIGN}": ["KRW", "KPW"],
    "\N{INDIAN RUPEE SIGN}": ["INR"],
    "\N{RUPEE SIGN}": ["INR", "PKR", "LKR", "NPR", "MUR", "SCR"],
    "RS": ["INR", "PKR", "LKR", "NPR", "MUR", "SCR"],
    "\N{NEW SHEQEL SIGN}": ["ILS"],
    "\N{DONG SIGN}": ["VND"],
    "\N{RUBLE SIGN}": ["RUB"],
    "\N{TURKISH LIRA SIGN}": ["TRY"],
    "\N{HRYVNIA SIGN}": ["UAH"],
    "\N{TENGE SIGN}": ["KZT"],
    "\N{LARI SIGN}": ["GEL"],
    "\N{NAIRA SIGN}": ["NGN"],
    "\N{CEDI SIGN}": ["GHS"],
    "\N{PESO SIGN}": ["PHP"],
    "\N{COLON SIGN}": ["CRC"],
    "\N{TUGRIK SIGN}": ["MNT"],
    "\N{GUARANI SIGN}": ["PYG"],
    "\N{THAI CURRENCY SYMBOL BAHT}": ["THB"],
    "\N{KHMER CURRENCY SYMBOL RIEL}": ["KHR"],
    "KR": ["SEK", "NOK", "DKK", "ISK"],
    "Z\u0141": ["PLN"],
    "K\u010c": ["CZK"],
    "FT": ["HUF"],
    "FR": ["CHF"],
    "SFR": ["CHF"],
    "LEI": ["RON"],
    "EURO": ["EUR"],
}

_WITHOUT_DECIMALS = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"}
    | {"RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"}
)
_THREE_DECIMALS = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])


def decimals_of(currency: str) -> int:
    """Return the number of decimals of `currency` (an ISO 4217 code)."""
    if currency in _WITHOUT_DECIMALS:
        return 0
    return 3 if currency in _THREE_DECIMALS else 2


def currencies_of(marker: str) -> Sequence[str]:
    """Return the currencies that a code or sign beside a number may mean, or none.

    The letters of signs and codes are taken in upper and lower case: "usd", "kr", "Fr.".
    """
    word = marker.upper().removesuffix(".")
    return [word] if word in CODES else _SIGNS.get(word, ())

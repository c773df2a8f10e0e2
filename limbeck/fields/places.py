"""Places whose law contracts are under: states of the USA, provinces of Canada, countries."""

import re

STATES = (
    "Alabama, Alaska, Arizona, Arkansas, California, Colorado, Connecticut, Delaware, District of Columbia, Florida, Georgia, Hawaii, Idaho, "
    "Illinois, Indiana, Iowa, Kansas, Kentucky, Louisiana, Maine, Maryland, Massachusetts, Michigan, Minnesota, Mississippi, Missouri, "
    "Montana, Nebraska, Nevada, New Hampshire, New Jersey, New Mexico, New York, North Carolina, North Dakota, Ohio, Oklahoma, Oregon, "
    "Pennsylvania, Puerto Rico, Rhode Island, South Carolina, South Dakota, Tennessee, Texas, Utah, Vermont, Virginia, Washington, "
    "West Virginia, Wisconsin, Wyoming"
).split(", ")
PROVINCES = (
    "Alberta, British Columbia, Manitoba, New Brunswick, Newfoundland and Labrador, Nova Scotia, Ontario, Prince Edward Island, Quebec, "
    "Saskatchewan, New South Wales, Queensland, Victoria, Western Australia, South Australia, Tasmania"
).split(", ")
COUNTRIES = (
    "Argentina, Australia, Austria, Bahamas, Barbados, Belgium, Bermuda, Brazil, British Virgin Islands, Bulgaria, Canada, Cayman Islands, "
    "Chile, China, Colombia, Croatia, Cyprus, Czech Republic, Denmark, Egypt, England and Wales, England, Estonia, Finland, France, Germany, "
    "Gibraltar, Greece, Guernsey, Hong Kong, Hungary, Iceland, India, Indonesia, Ireland, Isle of Man, Israel, Italy, Japan, Jersey, Jordan, "
    "Kazakhstan, Kenya, Korea, Kuwait, Latvia, Liechtenstein, Lithuania, Luxembourg, Malaysia, Malta, Marshall Islands, Mauritius, Mexico, "
    "Monaco, Morocco, Netherlands, New Zealand, Nigeria, Northern Ireland, Norway, Pakistan, Panama, Peru, Philippines, Poland, Portugal, "
    "Qatar, Romania, Russia, Saudi Arabia, Scotland, Serbia, Singapore, Slovakia, Slovenia, South Africa, South Korea, Spain, Sweden, "
    "Switzerland, Taiwan, Thailand, Turkey, Ukraine, United Arab Emirates, United Kingdom, United States, Uruguay, Venezuela, Vietnam, Wales"
).split(", ")
PLACES = (*STATES, *PROVINCES, *COUNTRIES)

_BY_KEY = {place.lower(): place for place in PLACES}
PLACE = r"\b(?:" + "|".join(re.escape(place).replace(r"\ ", r"\s+") for place in sorted(PLACES, key=len, reverse=True)) + r")\b"
"""What a place looks like, without groups; upper and lower case are alike."""


def place(text: str) -> str | None:
    """A place by its usual name, without `the State of`; None where none that is known is named."""
    found = re.search(PLACE, text, re.IGNORECASE)
    return _BY_KEY[" ".join(found.group().lower().split())] if found else None

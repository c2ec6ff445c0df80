package zone

// regions are the first-level regions (codes of ISO 3166-2 without the country, and names) of countries with several zones
// that lie in another zone than most, or are known by name well enough to be sure. A region that has two has that of most of
// its people.
const regions = `
US America/New_York: CT, Connecticut, DE, Delaware, DC, District of Columbia, FL, Florida, GA, Georgia, KY, Kentucky, ME, Maine, MD, Maryland, MA, Massachusetts, NH, New Hampshire, NJ, New Jersey, NY, New York, NC, North Carolina, OH, Ohio, PA, Pennsylvania, RI, Rhode Island, SC, South Carolina, VT, Vermont, VA, Virginia, WV, West Virginia
US America/Detroit: MI, Michigan
US America/Indiana/Indianapolis: IN, Indiana
US America/Chicago: AL, Alabama, AR, Arkansas, IL, Illinois, IA, Iowa, KS, Kansas, LA, Louisiana, MN, Minnesota, MS, Mississippi, MO, Missouri, NE, Nebraska, ND, North Dakota, OK, Oklahoma, SD, South Dakota, TN, Tennessee, TX, Texas, WI, Wisconsin
US America/Denver: CO, Colorado, MT, Montana, NM, New Mexico, UT, Utah, WY, Wyoming
US America/Boise: ID, Idaho
US America/Phoenix: AZ, Arizona
US America/Los_Angeles: CA, California, NV, Nevada, OR, Oregon, WA, Washington
US America/Anchorage: AK, Alaska
US Pacific/Honolulu: HI, Hawaii
CA America/St_Johns: NL, Newfoundland and Labrador
CA America/Halifax: NS, Nova Scotia, PE, Prince Edward Island
CA America/Moncton: NB, New Brunswick
CA America/Toronto: ON, Ontario, QC, Quebec
CA America/Winnipeg: MB, Manitoba
CA America/Regina: SK, Saskatchewan
CA America/Edmonton: AB, Alberta, NT, Northwest Territories
CA America/Vancouver: BC, British Columbia
CA America/Whitehorse: YT, Yukon
CA America/Iqaluit: NU, Nunavut
AU Australia/Sydney: NSW, New South Wales, ACT, Australian Capital Territory
AU Australia/Melbourne: VIC, Victoria
AU Australia/Brisbane: QLD, Queensland
AU Australia/Adelaide: SA, South Australia
AU Australia/Darwin: NT, Northern Territory
AU Australia/Perth: WA, Western Australia
AU Australia/Hobart: TAS, Tasmania
BR America/Manaus: AM, Amazonas
BR America/Rio_Branco: AC, Acre
BR America/Porto_Velho: RO, Rondonia
BR America/Boa_Vista: RR, Roraima
BR America/Cuiaba: MT, Mato Grosso
BR America/Campo_Grande: MS, Mato Grosso do Sul
MX America/Tijuana: BCN, Baja California
MX America/Mazatlan: BCS, Baja California Sur, SIN, Sinaloa, NAY, Nayarit
MX America/Hermosillo: SON, Sonora
MX America/Cancun: ROO, Quintana Roo
MX America/Chihuahua: CHH, Chihuahua
ID Asia/Makassar: BA, Bali, NB, Nusa Tenggara Barat, NT, Nusa Tenggara Timur, SN, Sulawesi Selatan, SA, Sulawesi Utara, ST, Sulawesi Tengah, KI, Kalimantan Timur, KS, Kalimantan Selatan
ID Asia/Jayapura: PA, Papua, PB, Papua Barat, MA, Maluku, MU, Maluku Utara
RU Europe/Kaliningrad: KGD, Kaliningrad
RU Europe/Samara: SAM, Samara
RU Asia/Yekaterinburg: SVE, Sverdlovsk, CHE, Chelyabinsk, PER, Perm, TYU, Tyumen, BA, Bashkortostan
RU Asia/Omsk: OMS, Omsk
RU Asia/Novosibirsk: NVS, Novosibirsk
RU Asia/Krasnoyarsk: KYA, Krasnoyarsk
RU Asia/Irkutsk: IRK, Irkutsk
RU Asia/Vladivostok: PRI, Primorsky
RU Asia/Kamchatka: KAM, Kamchatka
ES Atlantic/Canary: CN, Canarias, GC, Las Palmas, TF, Santa Cruz de Tenerife
PT Atlantic/Azores: 20, Acores, Azores
PT Atlantic/Madeira: 30, Madeira
`

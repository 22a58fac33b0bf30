"""Words of the made-up company's address books and mail: companies, roles, towns, subjects, sentences."""

from __future__ import annotations

COMPANY_WORDS = ("Alder", "Basalt", "Cobalt", "Dunmore", "Elmfield", "Fjord", "Granite", "Harbour", "Indigo", "Juniper")
COMPANY_KINDS = ("Logistics", "Foods", "Optics", "Labs", "Partners", "Energy", "Textiles", "Marine", "Works", "Media")
ROLES = (
    "Head of Purchasing",
    "Managing Director",
    "Project Manager",
    "Plant Engineer",
    "Accounts Payable",
    "Office Manager",
    "IT Lead",
    "Product Owner",
    "Legal Counsel",
    "Assistant to the Board",
)
TOWNS = (
    ("Kiel", "Schleswig-Holstein", "24103", "Germany", "+49 431"),
    ("Lyon", "Auvergne-Rhône-Alpes", "69002", "France", "+33 4 78"),
    ("Leeds", "West Yorkshire", "LS1 4AP", "United Kingdom", "+44 113"),
    ("Portland", "OR", "97205", "United States", "+1 503"),
    ("São Paulo", "SP", "01310-100", "Brazil", "+55 11"),
    ("Pune", "Maharashtra", "411001", "India", "+91 20"),
    ("Osaka", "", "530-0001", "Japan", "+81 6"),
    ("Gdańsk", "pomorskie", "80-831", "Poland", "+48 58"),
)
STREETS = ("Mill Lane", "Station Road", "Harbour Street", "Church Square", "Long Street", "Orchard Way")
NOTES = (
    "Met at the trade fair in spring.",
    "Prefers the phone in the morning.",
    "Out of office on Fridays.\nDeputy: the front desk.",
    "Do not send offers before the budget round.",
)
GROUPS = ("Customers", "Suppliers", "Trade fair")
MAIL_FOLDERS = ("Customers", "Newsletters")

CUSTOMER_SUBJECTS = (
    "Offer for {company}",
    "Question about invoice {number}",
    "Delivery in week {week}",
    "Minutes of our meeting",
    "Renewal of the contract",
    "Complaint: order {number}",
    "Visit to your site",
    "New contact at {company}",
)
COLLEAGUE_SUBJECTS = (
    "Agenda for Thursday",
    "Handover before my vacation",
    "Figures for week {week}",
    "Who takes {company}?",
    "Draft of the presentation",
    "Room for the workshop",
    "Lunch on Friday?",
)
NOTICE_SUBJECTS = (
    "Your order {number} has shipped",
    "News for week {week}",
    "Password expires in 14 days",
    "Invoice {number}",
    "Timesheet reminder",
)
NOTICE_SENDERS = (
    ("Parcel Express", "noreply@parcelexpress.example"),
    ("Industry Weekly", "news@industryweekly.example"),
    ("IT Service Desk", "servicedesk@brightwater.example"),
    ("Cloud Billing", "billing@cloudbilling.example"),
)
OPENINGS = ("Hello {name},", "Dear {name},", "Hi {name},", "Good morning {name},")
LINES = (
    "thank you for the quick answer.",
    "I have looked through the papers and have two questions.",
    "could we move the appointment to next week?",
    "the figures are in the attached file.",
    "please find our comments below.",
    "we would like to go ahead as discussed.",
    "I have spoken with purchasing; they need a new quotation by Friday.",
    "the delivery arrived, but two boxes are missing.",
    "that suits us well. I will send an invitation.",
    "let us talk on the phone, it is quicker.",
    "the contract is signed and on its way.",
    "I am out of the office until Monday; my colleague will take over.",
    "what is the state of things on your side?",
    "the board has agreed, so the budget is there.",
)
CLOSINGS = ("Kind regards", "Best wishes", "Many thanks", "Greetings")
FILES = (
    ("offer.pdf", "application/pdf"),
    ("minutes.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("figures.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("photo.jpg", "image/jpeg"),
)

"""Names, titles, places and sentences of the made-up company."""

from __future__ import annotations

DOMAIN = "brightwater.example"

FIRST_PEOPLE = (
    ("Anna", "Berg", "Europe/Berlin"),
    ("Bruno", "Kessler", "Europe/Zurich"),
    ("Chen", "Wei", "Asia/Shanghai"),
)

# One row per country: the zone of its office, given names, family names.
COUNTRIES = (
    ("Europe/Berlin", ("Lena", "Jonas", "Mareike", "Tobias"), ("Vogel", "Brandt", "Lindner", "Köhler", "Jäger")),
    (
        "Europe/Paris",
        ("Élodie", "Mathieu", "Camille", "Baptiste"),
        ("Moreau", "Lefèvre", "Garnier", "Rousseau", "Perrin"),
    ),
    ("Europe/London", ("Olivia", "Harry", "Imogen", "Callum"), ("Whitfield", "Ashworth", "Doyle", "Pemberton", "Hale")),
    ("America/New_York", ("Maya", "Ethan", "Zoe", "Marcus"), ("Bennett", "Caldwell", "Hughes", "Monroe", "Sutton")),
    (
        "America/Sao_Paulo",
        ("Beatriz", "Caio", "Larissa", "Thiago"),
        ("Almeida", "Cardoso", "Moura", "Teixeira", "Nóbrega"),
    ),
    ("Asia/Kolkata", ("Priya", "Rohan", "Ananya", "Vikram"), ("Iyer", "Deshpande", "Menon", "Chatterjee", "Rao")),
    ("Asia/Tokyo", ("Haruka", "Kenji", "Yui", "Takumi"), ("Nakamura", "Fujita", "Okada", "Shimizu", "Mori")),
    (
        "Europe/Warsaw",
        ("Zofia", "Piotr", "Agnieszka", "Marek"),
        ("Zieliński", "Wójcik", "Kamińska", "Szymański", "Lis"),
    ),
    ("Africa/Lagos", ("Adaeze", "Tunde", "Ngozi", "Femi"), ("Okafor", "Adeyemi", "Balogun", "Eze", "Nwosu")),
    ("Europe/Madrid", ("Lucía", "Álvaro", "Carmen", "Iker"), ("Serrano", "Iglesias", "Cortés", "Navarro", "Ibáñez")),
)

# One row per department: what its people meet about.
DEPARTMENTS = (
    (
        "Sales",
        ("Pipeline review", "Offer for {customer}", "Demo at {customer}", "Forecast call", "Renewal of {customer}"),
    ),
    (
        "Service",
        (
            "Escalation {customer}",
            "Handover of tickets",
            "On-call planning",
            "Site visit {customer}",
            "Review of answers",
        ),
    ),
    (
        "Product",
        ("Roadmap review", "Design critique", "Interview with {customer}", "Backlog grooming", "Release go or no-go"),
    ),
    (
        "Engineering",
        ("Architecture forum", "Incident review", "Pairing: sync engine", "Capacity planning", "Code walk-through"),
    ),
    (
        "Finance",
        ("Month-end close", "Budget review", "Invoice questions {customer}", "Audit preparation", "Cash-flow forecast"),
    ),
    (
        "People",
        ("Interview: account manager", "Onboarding day one", "Feedback talk", "Works council", "Training: first aid"),
    ),
)

CUSTOMERS = (
    "Halden Marine",
    "Orchard & Pike",
    "Ravensbrook Labs",
    "Corvina Foods",
    "Lumen Rail",
    "Stellwerk Nord",
    "Porto Têxtil",
    "Kestrel Optics",
)

PLACES = (
    "Room Elbe",
    "Room Thames (2nd floor)",
    "Video call",
    "Café Größenwahn, Lange Straße 4",
    "Building B, meeting point 3",
    "Customer's office",
)

SENTENCES = (
    "Agenda follows the day before.",
    "Please read the notes of last time first.\nThen add your points.",
    "Goal: a decision. Everything else goes to the backlog.",
    "<p>Numbers are in the <b>shared folder</b>; bring your own.</p>",
    "Dial-in details come separately.",
)

PRIVATE_TITLES = ("Doctor's appointment", "Parents' evening", "Bank", "Physiotherapy")
ABSENCES = ("Vacation", "Parental leave", "Public service", "Training away")
WHOLE_DAYS = ("Office day", "Trade fair", "Birthday of {person}", "Deadline: quarterly report")
HOLIDAYS = (
    (1, 1, "New Year's Day"),
    (3, 8, "International Women's Day"),
    (5, 1, "Labour Day"),
    (6, 21, "Midsummer"),
    (8, 15, "Assumption Day"),
    (10, 3, "Company day"),
    (11, 1, "All Saints' Day"),
    (12, 24, "Company closed"),
    (12, 25, "Christmas Day"),
    (12, 26, "Boxing Day"),
)

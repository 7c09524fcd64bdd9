"""CVEs of advisories that name none: other feeds say which one they are about.

Distributions list a language's advisory by its own id alone (GHSA-4374-p667-p6c8 in Wolfi's secdb), now and
then with the CVE as an item of its own. The databases of languages name the CVE as an alias.
"""

import sqlite3

# An id of these is one vulnerability, or its record names several CVEs: then it stands for none here.
_DATABASES = ("GHSA-*", "GO-*", "PYSEC-*", "RUSTSEC-*")


def name_cves(staging: sqlite3.Connection) -> None:
    """Adds the CVE to the aliases of each advisory without one whose ids others know by that CVE alone.

    What is withdrawn neither tells nor is told.
    """
    for statement in _STATEMENTS:
        staging.execute(statement)


_IS_OF_ONE = " OR ".join(f"id GLOB '{each}'" for each in _DATABASES)
_STATEMENTS = (
    """CREATE TEMP TABLE ids AS
    SELECT digest, name AS id FROM main.advisories WHERE withdrawn = ''
    UNION SELECT digest, value FROM main.advisories, json_each(aliases) WHERE withdrawn = ''""",
    """CREATE TEMP TABLE cves AS
    SELECT digest, min(id) AS cve, count(*) AS number FROM ids WHERE id GLOB 'CVE-[0-9]*' GROUP BY 1""",
    "CREATE UNIQUE INDEX temp.cves_by_digest ON cves (digest)",
    f"""CREATE TEMP TABLE twins AS
    SELECT id, min(cve) AS cve FROM ids JOIN cves USING (digest)
    WHERE number = 1 AND ({_IS_OF_ONE}) GROUP BY 1 HAVING min(cve) = max(cve)""",  # noqa: S608 - names of ours
    "CREATE UNIQUE INDEX temp.twins_by_id ON twins (id)",
    # Two ids of one database are two flaws, as long as not both are known by the same CVE.
    f"""CREATE TEMP TABLE several AS
    SELECT digest FROM ids LEFT JOIN twins USING (id)
    WHERE ({_IS_OF_ONE}) AND digest NOT IN (SELECT digest FROM cves)
    GROUP BY digest, substr(id, 1, instr(id, '-')) HAVING count(*) > 1 AND count(cve) < count(*)""",  # noqa: S608 - names of ours
    """CREATE TEMP TABLE told AS
    SELECT digest, min(twins.cve) AS cve FROM ids JOIN twins USING (id)
    WHERE digest NOT IN (SELECT digest FROM cves) AND digest NOT IN (SELECT digest FROM several)
    GROUP BY 1 HAVING min(twins.cve) = max(twins.cve)""",
    """UPDATE main.advisories SET aliases = json_insert(aliases, '$[#]',
        (SELECT cve FROM told WHERE told.digest = advisories.digest))
    WHERE digest IN (SELECT digest FROM told)""",
    *(f"DROP TABLE temp.{name}" for name in ("told", "several", "twins", "cves", "ids")),
)

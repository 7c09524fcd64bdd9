"""Maven groups of well-known artifacts that are published without a pom.properties inside (Maven Central)."""

import re

_GROUPS = {
    "org.springframework": r"spring-(aop|aspects|beans|context(-support|-indexer)?|core|expression|instrument"
    r"|jcl|jdbc|jms|messaging|orm|oxm|r2dbc|test|tx|web|webflux|webmvc(-portlet)?|websocket)",
    "org.springframework.boot": r"spring-boot(-[a-z0-9-]+)?",
    "org.springframework.security": r"spring-security-[a-z0-9-]+",
    "org.apache.tomcat.embed": r"tomcat-embed-[a-z-]+",
    "org.apache.tomcat": r"tomcat-(?!embed-)[a-z0-9-]+",
    "org.apache.ant": r"ant(-[a-z0-9-]+)?",
    "org.jetbrains.kotlin": r"kotlin-(?!logging)[a-z0-9-]+",
    "com.squareup.okhttp3": r"okhttp(-[a-z-]+)?",
    "com.squareup.okio": r"okio(-[a-z]+)?",
    "org.bouncycastle": r"bc(prov|pkix|util|tls|pg|mail|jmail|fips)[a-z0-9-]*-jdk[0-9a-z]+",
    "org.apache.kafka": r"kafka(-[a-z-]+|_2\.[0-9]+)",
    "org.apache.lucene": r"lucene-[a-z0-9-]+",
    "org.elasticsearch": r"elasticsearch(-[a-z0-9-]+)?",
    "io.micrometer": r"micrometer-[a-z0-9-]+",
    "io.projectreactor": r"reactor-core",
    "io.projectreactor.netty": r"reactor-netty(-[a-z]+)?",
    "mysql": r"mysql-connector-java",
    "com.mysql": r"mysql-connector-j",
    "com.h2database": r"h2",
    "org.mozilla": r"rhino",
    "xerces": r"xercesImpl",
    "xalan": r"xalan",
    "org.postgresql": r"postgresql",
    "org.mariadb.jdbc": r"mariadb-java-client",
    "commons-collections": r"commons-collections",
    "commons-fileupload": r"commons-fileupload",
    "commons-beanutils": r"commons-beanutils",
}
_KNOWN = [(group, re.compile(pattern)) for group, pattern in _GROUPS.items()]
_OLD_OKHTTP = re.compile(r"[12]\.")
_OLD_GROOVY = re.compile(r"[1-3]\.")


def group_of(artifact: str, version: str) -> str:
    """The group that publishes this artifact; "" where the table does not tell."""
    if re.fullmatch(r"groovy(-[a-z0-9]+)?", artifact):
        return "org.codehaus.groovy" if _OLD_GROOVY.match(version) else "org.apache.groovy"
    if artifact.startswith("okhttp") and _OLD_OKHTTP.match(version):
        return "com.squareup.okhttp"
    return next((group for group, pattern in _KNOWN if pattern.fullmatch(artifact)), "")

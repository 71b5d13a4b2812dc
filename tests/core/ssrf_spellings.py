"""What an attacker writes so that a server fetches from its own network."""

# ruff: noqa: RUF001, S104 - letters that look like others, and addresses that nothing is bound to

# Addresses that no name may resolve to, and no URL may spell.
CLOSED = (
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200",
    "100.127.255.254", "127.0.0.1", "127.1.2.3", "127.255.255.254", "168.63.129.16",
    "169.254.0.1", "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.254",
    "192.0.0.1", "192.0.0.8", "192.0.0.170", "192.0.0.192", "192.0.2.1", "192.31.196.1",
    "192.52.193.1", "192.88.99.1", "192.168.0.1", "192.168.255.255", "192.175.48.1",
    "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1", "232.1.1.1",
    "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::2", "::127.0.0.1", "::10.0.0.1", "::7f00:1", "::ffff:127.0.0.1",
    "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:7f00:1", "::ffff:a9fe:a9fe",
    "::ffff:93.184.216.34", "::ffff:0:127.0.0.1", "0:0:0:0:0:ffff:127.0.0.1",
    "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b::10.0.0.1", "64:ff9b:1::1",
    "64:ff9b:1:ffff::a00:1", "100::1", "100:0:0:1::1", "2001::1", "2001:0:7f00:1::1",
    "2001:0:53aa:64c:0:5efe:7f00:1", "2001:1::1", "2001:2::1", "2001:3::1", "2001:4:112::1",
    "2001:10::1", "2001:20::1", "2001:30::1", "2001:db8::1", "2001:db8:ffff::1",
    "2002:7f00:1::", "2002:7f00:1::1", "2002:a00:1::1", "2002:a9fe:a9fe::1", "2002:c0a8:1::1",
    "2620:4f:8000::1", "2a00:1450::5efe:7f00:1", "2a00:1450::200:5efe:a00:1", "3fff::1",
    "4000::1", "5f00::1", "fc00::1", "fd00::1", "fd00:ec2::254", "fd12:3456:789a::1",
    "fe80::1", "fe80::a9fe:a9fe", "febf::1", "fec0::1", "feff::1", "ff00::1", "ff02::1",
    "ff0e::1", "fe80::1%eth0", "2a00:1450::1%eth0",
)  # fmt: skip

# What resolvers, browsers or careless parsers take for one of these addresses, or for two hosts.
HOSTS = (
    # whole, and in the spellings of inet_aton
    "127.0.0.1", "127.1", "127.0.1", "127.000.000.001", "0127.0.0.1", "0177.0.0.1", "0177.1",
    "00177.00.00.01", "0x7f.0.0.1", "0x7f.1", "0x7f000001", "0X7F000001", "0x7f.0x0.0x0.0x1",
    "0x7F.1", "2130706433", "02130706433", "017700000001", "00000017700000001",
    "0x0000007f000001", "127.0.0.1.", "127.0.0.1..", "127.0.0.0x1", "127.0.0.01", "0", "0.0.0.0",
    "00", "0x0", "0.", "0.0", "169.254.169.254", "169.254.43518", "169.16689662", "2852039166",
    "0xa9fea9fe", "0xa9.0xfe.0xa9.0xfe", "0251.0376.0251.0376", "025177524776",
    "0251.254.169.254", "0xA9FEA9FE", "169.254.169.254.", "10.0.0.1", "10.1", "0x0a000001",
    "012.0.0.1", "167772161", "192.168.1.1", "192.168.257", "3232235777", "0xc0a80101",
    "0300.0250.1.1", "172.16.0.1", "2886729729", "100.100.100.200", "168.63.129.16",
    "255.255.255.255", "4294967295", "4294967296", "340282366920938463463374607431768211455",
    "256.256.256.256", "127.0.0.1.1", "1.1.1.1", "8.8.8.8", "93.184.216.34", "134744072",
    "1e3", "127.0.0.1e0", "0b1111111.0.0.1", "+127.0.0.1", "-1", "127..1", ".127.0.0.1",
    # IPv6
    "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[0000:0000:0000:0000:0000:0000:0000:0001]", "[::0001]",
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::FFFF:127.0.0.1]", "[0:0:0:0:0:ffff:7f00:1]",
    "[::127.0.0.1]", "[::ffff:a9fe:a9fe]", "[::ffff:169.254.169.254]", "[64:ff9b::7f00:1]",
    "[64:ff9b::169.254.169.254]", "[2002:7f00:1::]", "[2001:0:7f00:1::]", "[fe80::1]",
    "[fe80::1%25eth0]", "[fe80::1%eth0]", "[::1%25lo]", "[fd00:ec2::254]", "[fc00::1]", "[ff02::1]",
    "[2606:2800:220:1:248:1893:25c8:1946]", "[::1", "::1", "::1]", "[]", "[[::1]]", "[::1]]",
    "[127.0.0.1]", "[v1.127]", "[::1].example.com", "[0:0:0:0:0:0:127.0.0.1]", "1::1", "[::1.]",
    # names of this machine and of the network around it
    "localhost", "LOCALHOST", "LocalHost", "localhost.", "localhost..", "a.localhost",
    "a.b.LOCALHOST", "a.localhost.", "localhost.localdomain", "localhost6", "ip6-localhost",
    "metadata", "metadata.google.internal", "metadata.google.internal.", "instance-data",
    "kubernetes.default.svc", "host.docker.internal", "gateway.docker.internal", "redis",
    "postgres", "db", "internal", "printer.local", "router.lan", "intranet",
    # names that lead to such addresses
    "localtest.me", "lvh.me", "127.0.0.1.nip.io", "7f000001.nip.io", "169.254.169.254.sslip.io",
    "10-0-0-1.sslip.io", "spoofed.example.com", "xn--lcalhost-54a.com", "www.xn--0.com",
    # two hosts in one
    "example.com@127.0.0.1", "127.0.0.1@example.com", "user:pass@127.0.0.1", "@127.0.0.1",
    "127.0.0.1:443@example.com", "example.com:443@127.0.0.1", "example.com%40127.0.0.1",
    "example.com\\@127.0.0.1", "127.0.0.1\\@example.com", "example.com\\.127.0.0.1",
    "127.0.0.1#@example.com", "127.0.0.1#.example.com", "127.0.0.1%23.example.com",
    "127.0.0.1%2f.example.com", "127.0.0.1%00.example.com", "127.0.0.1\x00.example.com",
    "127.0.0.1 .example.com", "127.0.0.1\t", "127.0.0.1\n", "127.0.0.1\r\nHost: example.com",
    " 127.0.0.1", "example.com 127.0.0.1", "127.0.0.1;example.com", "127.0.0.1,example.com",
    "127.0.0.1&@example.com", "{127.0.0.1}", "127.0.0.1|example.com", "127.0.0.1^",
    # letters that become others
    "①②⑦.⓪.⓪.①", "１２７.０.０.１", "127。0。0。1", "127．0．0．1", "127｡0｡0｡1", "⑯⑨。②⑤④。⑯⑨。②⑤④",
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "ｌｏｃａｌｈｏｓｔ", "localhoſt", "loc\u00adalhost",
    "localhost\u200b", "127.0.0.1\u200b",
    "lo\u0441alhost", "𝟏𝟐𝟕.𝟎.𝟎.𝟏", "127.0.0.1\u2028", "169.254.169。254", "[::①]", "％127.0.0.1",
    "%6c%6f%63%61%6c%68%6f%73%74", "%31%32%37%2e%30%2e%30%2e%31", "127%2e0%2e0%2e1",
    # empty and broken
    "", ".", "..", "-", "_", "a..b.com", ".example.com", "example..com", "-.com", "*", "*.com",
    "com", "a" * 64 + ".com", ".".join(["a" * 60] * 5) + ".com",
)  # fmt: skip

# Whole URLs that are none, or none that may be fetched.
URLS = (
    "http://example.com/", "http://example.com:443/", "HTTP://example.com/", "ftp://example.com/", "file:///etc/passwd",
    "file://localhost/etc/passwd", "gopher://127.0.0.1:6379/_INFO", "dict://127.0.0.1:11211/stat",
    "ldap://127.0.0.1/", "jar:https://example.com!/", "data:text/plain,x", "javascript:alert(1)",
    "unix:///var/run/docker.sock", "//127.0.0.1/", "/etc/passwd", "127.0.0.1", "https:127.0.0.1",
    "https:/127.0.0.1/", "https:///127.0.0.1/", "https:\\\\127.0.0.1\\", "https://", "https:",
    "https://example.com:22/", "https://example.com:25/", "https://example.com:80/",
    "https://example.com:6379/", "https://example.com:5432/", "https://example.com:0/",
    "https://example.com:99999/", "https://example.com:443443/", "https://example.com:+443/",
    "https://example.com:-443/", "https://example.com:443:25/", "https://example.com:4 43/",
    "https://example.com:/", "https://example.com:٤٤٣/", "https://example.com:0x1bb/",
    "https://example.com/#fragment", "https://example.com#", "https://example.com\\admin",
    "https://example.com/../x", "https://example.com/a/./b", "https://example.com/%2e%2E/x",
    "https://example.com/a b", "https://example.com/\r\nX: y", "https://example.com/\x00",
    "https://example.com/é", " https://example.com/", "https://example.com/ ", "",
    "https://example.com/" + "a" * 2000, "url:https://example.com/", "https;//example.com/",
    "https://example.com/<x>", "https://example.com/\"x\"", "view-source:https://example.com/",
)  # fmt: skip

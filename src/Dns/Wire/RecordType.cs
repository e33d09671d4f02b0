namespace Dataplane.Dns.Wire;

/// <summary>TYPE of a resource record or question (IANA DNS parameters). Types not named here pass through as numbers.</summary>
public enum RecordType : ushort
{
    A = 1,
    NS = 2,
    CNAME = 5,
    SOA = 6,
    PTR = 12,
    HINFO = 13,
    MX = 15,
    TXT = 16,
    AAAA = 28,
    SRV = 33,
    NAPTR = 35,
    DNAME = 39,
    OPT = 41,
    DS = 43,
    RRSIG = 46,
    NSEC = 47,
    DNSKEY = 48,
    NSEC3 = 50,
    SVCB = 64,
    HTTPS = 65,
    IXFR = 251,
    AXFR = 252,
    ANY = 255,
    CAA = 257,
}

/// <summary>CLASS (RFC 1035, 3.2.4).</summary>
public enum RecordClass : ushort
{
    IN = 1,
    CH = 3,
    ANY = 255,
}

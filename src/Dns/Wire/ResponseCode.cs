namespace Dataplane.Dns.Wire;

/// <summary>RCODE. Values above 15 need EDNS: their upper eight bits travel in the OPT record's TTL (RFC 6891, 6.1.3).</summary>
public enum ResponseCode : ushort
{
    NoError = 0,
    FormErr = 1,
    ServFail = 2,
    NXDomain = 3,
    NotImp = 4,
    Refused = 5,
    YXDomain = 6,
    YXRRSet = 7,
    NXRRSet = 8,
    NotAuth = 9,
    NotZone = 10,
    BadVers = 16,
}

internal static class ResponseCodeNames
{
    /// <summary>The mnemonic dig and CoreDNS print.</summary>
    internal static string Mnemonic(this ResponseCode code) => code switch
    {
        ResponseCode.NoError => "NOERROR",
        ResponseCode.FormErr => "FORMERR",
        ResponseCode.ServFail => "SERVFAIL",
        ResponseCode.NXDomain => "NXDOMAIN",
        ResponseCode.NotImp => "NOTIMP",
        ResponseCode.Refused => "REFUSED",
        ResponseCode.YXDomain => "YXDOMAIN",
        ResponseCode.YXRRSet => "YXRRSET",
        ResponseCode.NXRRSet => "NXRRSET",
        ResponseCode.NotAuth => "NOTAUTH",
        ResponseCode.NotZone => "NOTZONE",
        ResponseCode.BadVers => "BADVERS",
        _ => ((int)code).ToString(System.Globalization.CultureInfo.InvariantCulture),
    };
}

namespace Dataplane.Api;

/// <summary>certificates.k8s.io/v1 CertificateSigningRequest.</summary>
public sealed record CertificateSigningRequest : IResource<CertificateSigningRequest>
{
    public static ResourceType Resource { get; } = new("certificates.k8s.io", "v1", "CertificateSigningRequest", "certificatesigningrequests", false);

    public string ApiVersion { get; set; } = "certificates.k8s.io/v1";
    public string Kind { get; set; } = "CertificateSigningRequest";
    public ObjectMeta Metadata { get; set; } = new();
    public CertificateSigningRequestSpec Spec { get; set; } = new();
    public CertificateSigningRequestStatus Status { get; set; } = new();
}

public sealed record CertificateSigningRequestSpec
{
    /// <summary>PEM of a PKCS #10 request.</summary>
    public byte[] Request { get; set; } = [];

    public string SignerName { get; set; } = "";
    public int? ExpirationSeconds { get; set; }
    public List<string> Usages { get; set; } = [];
    public string? Username { get; set; }
    public string? UID { get; set; }
    public List<string> Groups { get; set; } = [];
    public Dictionary<string, List<string>> Extra { get; set; } = [];
}

public sealed record CertificateSigningRequestStatus
{
    public List<CertificateSigningRequestCondition> Conditions { get; set; } = [];

    /// <summary>PEM.</summary>
    public byte[]? Certificate { get; set; }
}

public sealed record CertificateSigningRequestCondition
{
    public const string Approved = "Approved";
    public const string Denied = "Denied";
    public const string Failed = "Failed";

    public string Type { get; set; } = "";
    public string Status { get; set; } = "True";
    public string? Reason { get; set; }
    public string? Message { get; set; }
    public DateTimeOffset? LastUpdateTime { get; set; }
    public DateTimeOffset? LastTransitionTime { get; set; }
}

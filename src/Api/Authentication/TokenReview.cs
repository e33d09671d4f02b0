namespace Dataplane.Api;

/// <summary>authentication.k8s.io/v1 TokenReview: who a token is.</summary>
public sealed record TokenReview
{
    public string ApiVersion { get; set; } = "authentication.k8s.io/v1";
    public string Kind { get; set; } = "TokenReview";
    public TokenReviewSpec Spec { get; set; } = new();
    public TokenReviewStatus Status { get; set; } = new();
}

public sealed record TokenReviewSpec
{
    public string Token { get; set; } = "";

    /// <summary>Empty for the server's own.</summary>
    public List<string> Audiences { get; set; } = [];
}

public sealed record TokenReviewStatus
{
    public bool Authenticated { get; set; }
    public ReviewedUser User { get; set; } = new();
    public string? Error { get; set; }
}

/// <summary>authentication.k8s.io/v1 UserInfo.</summary>
public sealed record ReviewedUser
{
    public string Username { get; set; } = "";
    public string? UID { get; set; }
    public List<string> Groups { get; set; } = [];
    public Dictionary<string, List<string>> Extra { get; set; } = [];
}

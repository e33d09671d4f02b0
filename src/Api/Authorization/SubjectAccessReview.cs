namespace Dataplane.Api;

/// <summary>authorization.k8s.io/v1 SubjectAccessReview: whether somebody may do something.</summary>
public sealed record SubjectAccessReview
{
    public string ApiVersion { get; set; } = "authorization.k8s.io/v1";
    public string Kind { get; set; } = "SubjectAccessReview";
    public SubjectAccessReviewSpec Spec { get; set; } = new();
    public SubjectAccessReviewStatus Status { get; set; } = new();
}

public sealed record SubjectAccessReviewSpec
{
    public ReviewedResource? ResourceAttributes { get; set; }
    public string User { get; set; } = "";
    public List<string> Groups { get; set; } = [];
    public Dictionary<string, List<string>> Extra { get; set; } = [];
    public string? UID { get; set; }
}

/// <summary>authorization.k8s.io/v1 ResourceAttributes.</summary>
public sealed record ReviewedResource
{
    public string? Namespace { get; set; }
    public string Verb { get; set; } = "";
    public string? Group { get; set; }
    public string? Version { get; set; }
    public string Resource { get; set; } = "";
    public string? Subresource { get; set; }
    public string? Name { get; set; }
}

public sealed record SubjectAccessReviewStatus
{
    public bool Allowed { get; set; }
    public bool? Denied { get; set; }
    public string? Reason { get; set; }
    public string? EvaluationError { get; set; }
}

using Dataplane.Api;

namespace Dataplane.ControlPlane.Controllers.Certificates;

/// <summary>What has been decided of a request.</summary>
internal static class CertificateDecision
{
    public static CertificateSigningRequestCondition? Of(CertificateSigningRequest request, string type) =>
        request.Status.Conditions.Find(condition => condition.Type == type);

    public static bool IsApproved(CertificateSigningRequest request) =>
        Of(request, CertificateSigningRequestCondition.Approved) is not null && Of(request, CertificateSigningRequestCondition.Denied) is null;

    public static bool IsDecided(CertificateSigningRequest request) =>
        Of(request, CertificateSigningRequestCondition.Approved) is not null || Of(request, CertificateSigningRequestCondition.Denied) is not null;

    /// <summary>The request with one more condition that holds.</summary>
    public static CertificateSigningRequest With(CertificateSigningRequest request, string type, string reason, string message, DateTimeOffset now)
    {
        var condition = new CertificateSigningRequestCondition
        {
            Type = type,
            Reason = reason,
            Message = message,
            LastUpdateTime = now,
            LastTransitionTime = now,
        };
        return request with { Status = request.Status with { Conditions = [.. request.Status.Conditions, condition] } };
    }
}

using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.Machinery;
using Dataplane.ControlPlane.Security;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers.Certificates;

/// <summary>Approves kubelets' requests for client certificates when who asks may have them. All others wait for a person.</summary>
internal sealed class CertificateApprovalController : Controller
{
    private readonly KubernetesClient _client;
    private readonly Lister<CertificateSigningRequest> _requests;

    public CertificateApprovalController(KubernetesClient client, SharedInformers informers, ILogger logger, TimeProvider time)
        : base(logger, time)
    {
        _client = client;
        _requests = informers.Of<CertificateSigningRequest>();
        _requests.OnChange(request => Queue.Add(NamespacedName.Of(request)));
    }

    protected override async Task SyncAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        if (!_requests.TryGet(key, out var request) || request.Spec.SignerName != CertificateSigners.KubeletClient
            || request.Status.Certificate is { Length: > 0 } || CertificateDecision.IsDecided(request)
            || CertificateSigners.Parse(request.Spec.Request, out _) is not { } asked
            || CertificateSigners.Refusal(CertificateSigners.KubeletClient, asked, request.Spec.Usages) is not null)
        {
            return;
        }

        // A kubelet that renews its own, or somebody who brings nodes into the cluster.
        var own = CertificateSigners.CommonName(asked) == request.Spec.Username;
        if ((own && await MayAsync(request, "selfnodeclient", cancellationToken).ConfigureAwait(false))
            || await MayAsync(request, "nodeclient", cancellationToken).ConfigureAwait(false))
        {
            var what = own ? "self kubelet" : "kubelet";
            var approved = CertificateDecision.With(
                request, CertificateSigningRequestCondition.Approved, "AutoApproved",
                $"Auto approving {what} client certificate after SubjectAccessReview.", Time.GetUtcNow());
            await _client.UpdateAsync(approved, "approval", cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<bool> MayAsync(CertificateSigningRequest request, string subresource, CancellationToken cancellationToken)
    {
        var review = new SubjectAccessReview
        {
            Spec = new SubjectAccessReviewSpec
            {
                User = request.Spec.Username ?? "",
                UID = request.Spec.UID,
                Groups = request.Spec.Groups,
                Extra = request.Spec.Extra,
                ResourceAttributes = new ReviewedResource
                {
                    Group = CertificateSigningRequest.Resource.Group,
                    Resource = CertificateSigningRequest.Resource.Plural,
                    Verb = "create",
                    Version = "*",
                    Subresource = subresource,
                },
            },
        };
        return (await _client.ReviewAccessAsync(review, cancellationToken).ConfigureAwait(false)).Status.Allowed;
    }
}

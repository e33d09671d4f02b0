using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.Machinery;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers.Certificates;

/// <summary>Deletes requests nobody waits for any more: decided ones after an hour, others after a day. Times of kube-controller-manager.</summary>
internal sealed class CertificateRequestCollector : Controller
{
    private static readonly TimeSpan AfterDecision = TimeSpan.FromHours(1);
    private static readonly TimeSpan Undecided = TimeSpan.FromHours(24);

    private readonly KubernetesClient _client;
    private readonly Lister<CertificateSigningRequest> _requests;

    public CertificateRequestCollector(KubernetesClient client, SharedInformers informers, ILogger logger, TimeProvider time)
        : base(logger, time)
    {
        _client = client;
        _requests = informers.Of<CertificateSigningRequest>();
        _requests.OnChange(request => Queue.Add(NamespacedName.Of(request)));
    }

    protected override async Task SyncAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        if (!_requests.TryGet(key, out var request))
        {
            return;
        }

        var left = Due(request) - Time.GetUtcNow();
        if (left > TimeSpan.Zero)
        {
            Queue.AddAfter(key, left);
            return;
        }

        var precondition = new DeleteOptions { Preconditions = new Preconditions { UID = request.Metadata.UID } };
        await _client.DeleteAsync<CertificateSigningRequest>(key, precondition, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>When a request is of no use any more.</summary>
    internal static DateTimeOffset Due(CertificateSigningRequest request)
    {
        var created = request.Metadata.CreationTimestamp ?? DateTimeOffset.MaxValue - Undecided;
        var decision = CertificateDecision.Of(request, CertificateSigningRequestCondition.Denied)
            ?? CertificateDecision.Of(request, CertificateSigningRequestCondition.Failed)
            ?? CertificateDecision.Of(request, CertificateSigningRequestCondition.Approved);
        return decision is null ? created + Undecided : (decision.LastUpdateTime ?? decision.LastTransitionTime ?? created) + AfterDecision;
    }
}

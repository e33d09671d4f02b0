using System.Security.Cryptography.X509Certificates;
using System.Text;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.Machinery;
using Dataplane.ControlPlane.Security;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers.Certificates;

/// <summary>Signs approved requests to the signers of this cluster, or says why it does not. Other signers' requests are theirs.</summary>
internal sealed class CertificateSigningController : Controller
{
    private static readonly TimeSpan LongestLife = TimeSpan.FromDays(365);
    private static readonly TimeSpan ShortestLife = TimeSpan.FromMinutes(10);

    private readonly KubernetesClient _client;
    private readonly Lister<CertificateSigningRequest> _requests;
    private readonly CertificateAuthority _authority;

    public CertificateSigningController(
        KubernetesClient client, SharedInformers informers, CertificateAuthority authority, ILogger logger, TimeProvider time)
        : base(logger, time)
    {
        _client = client;
        _authority = authority;
        _requests = informers.Of<CertificateSigningRequest>();
        _requests.OnChange(request => Queue.Add(NamespacedName.Of(request)));
    }

    protected override async Task SyncAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        if (!_requests.TryGet(key, out var request)
            || request.Spec.SignerName is not (CertificateSigners.ApiClient or CertificateSigners.KubeletClient or CertificateSigners.KubeletServing)
            || !CertificateDecision.IsApproved(request) || request.Status.Certificate is { Length: > 0 }
            || CertificateDecision.Of(request, CertificateSigningRequestCondition.Failed) is not null)
        {
            return;
        }

        await _client.UpdateStatusAsync(Decided(request), cancellationToken).ConfigureAwait(false);
    }

    private CertificateSigningRequest Decided(CertificateSigningRequest request)
    {
        var asked = CertificateSigners.Parse(request.Spec.Request, out var problem);
        if ((asked is null ? problem : CertificateSigners.Refusal(request.Spec.SignerName, asked, request.Spec.Usages)) is { } refusal)
        {
            return CertificateDecision.With(request, CertificateSigningRequestCondition.Failed, "SignerValidationFailure", refusal, Time.GetUtcNow());
        }

        using var certificate = _authority.Sign(asked!, request.Spec.Usages, Lifetime(request.Spec.ExpirationSeconds));
        return request with { Status = request.Status with { Certificate = Encoding.ASCII.GetBytes(certificate.ExportCertificatePem() + "\n") } };
    }

    private static TimeSpan Lifetime(int? seconds) => seconds is not { } asked
        ? LongestLife
        : TimeSpan.FromTicks(Math.Clamp(TimeSpan.FromSeconds(asked).Ticks, ShortestLife.Ticks, LongestLife.Ticks));
}

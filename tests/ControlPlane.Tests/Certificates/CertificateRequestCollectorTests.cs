using Dataplane.Api;
using Dataplane.ControlPlane.Controllers.Certificates;

namespace Dataplane.ControlPlane.Tests.Certificates;

public sealed class CertificateRequestCollectorTests
{
    private static readonly DateTimeOffset Created = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(24)]
    [InlineData(6, "Approved")]
    [InlineData(6, "Denied")]
    [InlineData(6, "Approved", "Failed")]
    public void A_request_goes_a_day_after_it_came_or_an_hour_after_it_was_decided(int hours, params string[] conditions)
    {
        var request = new CertificateSigningRequest { Metadata = new ObjectMeta { Name = "r", CreationTimestamp = Created } };
        foreach (var type in conditions)
        {
            request = CertificateDecision.With(request, type, "", "", Created.AddHours(5));
        }

        Assert.Equal(Created.AddHours(hours), CertificateRequestCollector.Due(request));
    }
}

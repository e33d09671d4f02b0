using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dataplane.Dns.Client;
using Dataplane.Dns.Configuration;
using Dataplane.Dns.Forward;
using Dataplane.Dns.Tests.Scenarios;
using Dataplane.Dns.Tests.Server;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Tests.Forward;

/// <summary>Upstreams over TLS: this server's own listener, with a certificate of an authority that only the test knows.</summary>
public sealed class ForwardTlsTests : IAsyncLifetime
{
    private readonly DirectoryInfo _files = Directory.CreateTempSubdirectory("dp-dns-");
    private X509Certificate2 _certificate = null!;
    private TestServer _upstream = null!;

    public ValueTask InitializeAsync()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=dns.test", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("dns.test");
        request.CertificateExtensions.Add(names.Build());
        _certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, new DateTimeOffset(2100, 1, 1, 0, 0, 0, TimeSpan.Zero));
        File.WriteAllText(Path.Combine(_files.FullName, "ca.pem"), _certificate.ExportCertificatePem());
        var zone = new TestZone(Read(". {\n template IN A {\n  answer \"{{ .Name }} 60 IN A 192.0.2.7\"\n }\n}"));
        _upstream = new TestServer(zone, certificate: _certificate);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _upstream.DisposeAsync();
        _certificate.Dispose();
        _files.Delete(recursive: true);
    }

    [Theory]
    [InlineData("tls ca.pem\n  tls_servername dns.test", ResponseCode.NoError)]
    [InlineData("tls ca.pem\n  tls_servername other.test", ResponseCode.ServFail)]
    [InlineData("tls ca.pem", ResponseCode.ServFail)]
    [InlineData("tls_servername dns.test", ResponseCode.ServFail)]
    public async Task ACertificateMustBeOfTheNameAndTheAuthorityThatAreExpected(string properties, ResponseCode expected)
    {
        var forwarder = TestForwarders.Of(Plan(properties));
        await using var server = new TestServer(new TestZone(), forwarder: forwarder);
        var response = await AskAsync(server, "www.example.com");
        Assert.Equal(expected, response.Code);
        Assert.Equal(expected is ResponseCode.NoError ? ["www.example.com. 60 IN A 192.0.2.7"] : [], response.Answers);
    }

    [Fact]
    public async Task AConnectionIsKeptForTheNextQuestion()
    {
        var forwarder = TestForwarders.Of(Plan("tls ca.pem\n  tls_servername dns.test"));
        await using var server = new TestServer(new TestZone(), forwarder: forwarder);
        for (var i = 0; i < 5; i++)
        {
            Assert.Single((await AskAsync(server, $"www{i}.example.com")).Answers);
        }

        var (hits, misses, datagrams) = forwarder.Upstreams[0].Connections;
        Assert.Equal((5, 0), (hits + misses, datagrams));
        Assert.True(misses < 5, $"{misses} connections for 5 questions");
    }

    private static Task<DnsResponse> AskAsync(TestServer server, string name) =>
        DnsClient.QueryAsync(name, RecordType.A, new DnsQueryOptions { Server = server.EndPoint, Timeout = TimeSpan.FromSeconds(20) });

    private ForwardPlan Plan(string properties) =>
        Read($". {{\n forward . tls://{_upstream.EndPoint} {{\n  max_fails 0\n  {properties}\n }}\n}}").Servers[0].Forwards[0];

    private DnsPlan Read(string text) => CorefileReader.Read(text, Path.Combine(_files.FullName, "Corefile"), 53, _ => null);
}

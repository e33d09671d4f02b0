using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Dataplane.ControlPlane.Store;
using Dataplane.ControlPlane.Store.Etcd;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.ControlPlane.Tests.Store.Etcd;

/// <summary>The distributed engine, against a real etcd: the common promises, and what a server that comes and goes adds to them.</summary>
public sealed class EtcdStoreTests : StoreTests, IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private EtcdProcess _etcd = null!;

    public async ValueTask InitializeAsync() => _etcd = await EtcdProcess.StartAsync();

    public ValueTask DisposeAsync() => _etcd?.DisposeAsync() ?? ValueTask.CompletedTask;

    internal override async Task<IStore> OpenAsync() => await OpenAsync(_etcd.Options);

    [Fact]
    public async Task ASecondServerSeesWhatTheFirstWritesAndConflictsWithIt()
    {
        await using var first = await OpenAsync();
        await using var second = await OpenAsync();
        var written = await PutAsync(first, "a", "first");
        await second.RefreshAsync(TestContext.Current.CancellationToken);
        var seen = second.Current.Get(written.Key)!;
        Assert.Equal((written.Created, written.Modified), (seen.Created, seen.Modified));
        var changed = await PutAsync(second, "a", "second");
        var late = await first.CommitAsync(StoreWrite.Put(written.Key, written.Modified, Value("a", "late")), TestContext.Current.CancellationToken);
        Assert.False(late.Committed);
        Assert.Equal(changed.Modified, late.Object!.Modified);
    }

    [Fact]
    public async Task AStoreOutlivesItsEtcdAndMissesNothing()
    {
        await using var store = await OpenAsync();
        await using var other = await OpenAsync();
        var first = await PutAsync(store, "a", "before");
        using var watch = store.Watch(first.Key, first.Modified);
        await _etcd.KillAsync();
        var failure = await Assert.ThrowsAsync<IOException>(async () => await store.CommitAsync(StoreWrite.Put(first.Key, first.Modified, Value("a", "lost"))));
        Assert.StartsWith("the store cannot write: etcd: Unavailable", failure.Message, StringComparison.Ordinal);
        Assert.Same(first, store.Current.Get(first.Key));
        await _etcd.StartAgainAsync();
        var written = await EventuallyAsync(() => PutAsync(other, "a", "after", first.Modified));
        using var limit = new CancellationTokenSource(Limit);
        var change = await watch.Events.ReadAsync(limit.Token);
        Assert.Equal((written.Modified, first), (change.Revision, change.Previous));
    }

    [Fact]
    public async Task AWatchWhosePastIsCompactedIsSentAwayAndTheStoreIsReadAgain()
    {
        await using var store = await OpenAsync();
        await using var other = await OpenAsync();
        var first = await PutAsync(store, "a", "before");
        await _etcd.KillAsync();
        await _etcd.StartAgainAsync();

        // What a server of its own wrote and compacted while nobody of ours was connected.
        using var client = new EtcdClient(_etcd.Options);
        var last = first;
        for (var i = 0; i < 3; i++)
        {
            var previous = last;
            last = await EventuallyAsync(() => PutAsync(other, "a", $"{i}", previous.Modified));
        }

        await client.CompactAsync(last.Modified.Value, TestContext.Current.CancellationToken);
        await using var third = await OpenAsync();
        Assert.Throws<CompactedException>(() => third.Watch(first.Key, first.Modified));
        await store.RefreshAsync(TestContext.Current.CancellationToken);
        Assert.Equal(last.Modified, store.Current.Get(first.Key)!.Modified);
    }

    [Fact]
    public async Task TheCompactorAgreesWithItsLikeThroughTheKeyInEtcd()
    {
        await using var store = await OpenAsync();
        await PutAsync(store, "a");
        using var client = new EtcdClient(_etcd.Options);
        var compactor = new EtcdCompactor(client, TimeSpan.FromMinutes(5), NullLogger.Instance, TimeProvider.System);
        var mine = await compactor.CompactAsync(0, 0, TestContext.Current.CancellationToken);
        Assert.Equal(1, mine.Version);
        var late = await compactor.CompactAsync(0, 0, TestContext.Current.CancellationToken);
        Assert.Equal(1, late.Version);
        await PutAsync(store, "b");
        mine = await compactor.CompactAsync(mine.Version, mine.Revision, TestContext.Current.CancellationToken);
        Assert.Equal(2, mine.Version);
        await Assert.ThrowsAsync<Hosting.Grpc.RpcException>(() => client.RangeAsync(
            new Dataplane.ControlPlane.Store.Etcd.Messages.RangeRequest { Key = EtcdKeys.Nothing, Revision = 1 }, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task AnObjectWithALifeGoesWhenItIsOver()
    {
        await using var store = await OpenAsync();
        using var watch = store.Watch("/registry/events/", store.Current.Revision);
        var put = StoreWrite.Put("/registry/events/default/e", Revision.None, Value("e")) with { TimeToLive = TimeSpan.FromSeconds(-58) };
        Assert.True((await store.CommitAsync(put, TestContext.Current.CancellationToken)).Committed);
        using var limit = new CancellationTokenSource(Limit);
        Assert.False((await watch.Events.ReadAsync(limit.Token)).IsDeletion);
        Assert.True((await watch.Events.ReadAsync(limit.Token)).IsDeletion);
        Assert.Null(store.Current.Get(put.Key));
    }

    [Fact]
    public async Task MoreThanAPageIsReadAndTheRestOfEtcdIsLeftAlone()
    {
        await using (var store = await OpenAsync())
        {
            await Task.WhenAll(Enumerable.Range(0, 1500).Select(i => store.CommitAsync(StoreWrite.Put($"/registry/configmaps/default/m{i}", Revision.None, Value($"m{i}"))).AsTask()));
        }

        await using (var others = await OpenAsync(_etcd.Options with { Prefix = "/registry2" }))
        {
            Assert.Equal(0, others.Current.Count);
            await PutAsync(others, "elsewhere");
        }

        await using var again = await OpenAsync();
        Assert.Equal(1500, again.Current.List("/registry/configmaps/").Count());
    }

    [Fact]
    public async Task MembersAreReachedWithACertificateAndNotWithout()
    {
        var directory = Directory.CreateTempSubdirectory("dp-t-etcd-tls").FullName;
        try
        {
            var (authority, server, client) = Certificates(directory);
            await using var etcd = await EtcdProcess.StartAsync(
                "https", "--cert-file", server.Certificate, "--key-file", server.Key, "--client-cert-auth", "--trusted-ca-file", authority);
            var options = etcd.Options with { CertificateAuthorityFile = authority, CertificateFile = client.Certificate, KeyFile = client.Key };
            await using (var store = await EventuallyAsync(() => OpenAsync(options)))
            {
                await PutAsync(store, "a");
            }

            var refused = await Assert.ThrowsAsync<IOException>(() => OpenAsync(options with { CertificateFile = null, KeyFile = null }));
            Assert.StartsWith($"etcd at {etcd.Address}: Unavailable", refused.Message, StringComparison.Ordinal);
            var missing = await Assert.ThrowsAsync<IOException>(() => OpenAsync(options with { CertificateAuthorityFile = "/nonexistent.pem" }));
            Assert.StartsWith("--etcd-cafile /nonexistent.pem: ", missing.Message, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<IStore> OpenAsync(EtcdOptions options) =>
        await EtcdStore.OpenAsync(options, (_, value) => value, NullLogger.Instance, TimeProvider.System, TestContext.Current.CancellationToken);

    /// <summary>A server that has just started elects itself first.</summary>
    private static async Task<T> EventuallyAsync<T>(Func<Task<T>> attempt)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (true)
        {
            try
            {
                return await attempt();
            }
            catch (IOException) when (!limit.IsCancellationRequested)
            {
                await Task.Delay(100);
            }
        }
    }

    private static (string Authority, (string Certificate, string Key) Server, (string Certificate, string Key) Client) Certificates(string directory)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=dp-t-etcd", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        using var root = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        var authority = Path.Combine(directory, "ca.pem");
        File.WriteAllText(authority, root.ExportCertificatePem());
        return (authority, Issue("server"), Issue("client"));

        (string, string) Issue(string name)
        {
            using var own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var wanted = new CertificateRequest($"CN={name}", own, HashAlgorithmName.SHA256);
            var names = new SubjectAlternativeNameBuilder();
            names.AddIpAddress(System.Net.IPAddress.Loopback);
            wanted.CertificateExtensions.Add(names.Build());
            wanted.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], false));
            using var issued = wanted.Create(root, now.AddDays(-1), now.AddHours(12), Encoding.UTF8.GetBytes(name));
            var (certificate, keyFile) = (Path.Combine(directory, $"{name}.pem"), Path.Combine(directory, $"{name}.key"));
            File.WriteAllText(certificate, issued.ExportCertificatePem());
            File.WriteAllText(keyFile, own.ExportPkcs8PrivateKeyPem());
            return (certificate, keyFile);
        }
    }
}

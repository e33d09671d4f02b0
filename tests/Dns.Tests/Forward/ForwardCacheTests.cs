using System.Net;
using Dataplane.Dns.Client;
using Dataplane.Dns.Configuration;
using Dataplane.Dns.Forward;
using Dataplane.Dns.Tests.Scenarios;
using Dataplane.Dns.Tests.Server;
using Dataplane.Dns.Wire;
using Dataplane.TestKit;

namespace Dataplane.Dns.Tests.Forward;

/// <summary>What is done with answers that were had before, and with questions that are under way.</summary>
public sealed class ForwardCacheTests : IAsyncDisposable
{
    private const string Name = "www.example.com";
    private const string Record = "www.example.com. A 192.0.2.1";

    private readonly ManualTime _time = new();
    private readonly FakeUpstream _upstream;
    private ResponseCode _code;
    private TaskCompletionSource? _gate;
    private TestServer? _server;

    public ForwardCacheTests() => _upstream = new FakeUpstream((query, _) =>
    {
        _gate?.Task.GetAwaiter().GetResult();
        return [_code is ResponseCode.NoError ? UpstreamAnswers.Write(query, Record) : UpstreamAnswers.Write(query, _code)];
    });

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        _upstream.Dispose();
    }

    [Fact]
    public async Task ANameAskedForOftenIsFetchedBeforeItExpires()
    {
        Start(new CachePlan { Prefetch = 2, PrefetchPercentage = 50 });
        await AskAsync();
        _time.Advance(TimeSpan.FromSeconds(40));
        Assert.Equal("www.example.com. 20 IN A 192.0.2.1", await AskAsync());
        Assert.Equal(1, _upstream.Asked);
        Assert.Equal("www.example.com. 20 IN A 192.0.2.1", await AskAsync());
        await UntilAsync(async () => _upstream.Asked == 2 && await AskAsync() == "www.example.com. 60 IN A 192.0.2.1");
    }

    [Fact]
    public async Task AnExpiredAnswerStandsInWhileTheUpstreamIsAsked()
    {
        Start(new CachePlan { Stale = TimeSpan.FromHours(1) });
        await AskAsync();
        _time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal("www.example.com. 30 IN A 192.0.2.1", await AskAsync());
        await UntilAsync(async () => _upstream.Asked == 2 && await AskAsync() == "www.example.com. 60 IN A 192.0.2.1");
        _time.Advance(TimeSpan.FromHours(2));
        Assert.Equal("www.example.com. 60 IN A 192.0.2.1", await AskAsync());
        Assert.Equal(3, _upstream.Asked);
    }

    [Theory]
    [InlineData(ResponseCode.ServFail, "www.example.com. 30 IN A 192.0.2.1")]
    [InlineData(ResponseCode.NoError, "www.example.com. 60 IN A 192.0.2.1")]
    public async Task AnExpiredAnswerIsVerifiedFirstWhereThatIsAskedFor(ResponseCode later, string expected)
    {
        Start(new CachePlan { Stale = TimeSpan.FromHours(1), VerifyStale = true });
        await AskAsync();
        _time.Advance(TimeSpan.FromSeconds(61));
        _code = later;
        Assert.Equal(expected, await AskAsync());
        Assert.Equal(2, _upstream.Asked);
    }

    [Fact]
    public async Task AnExpiredAnswerOutlivesItsUpstream()
    {
        Start(new CachePlan { Stale = TimeSpan.FromHours(1), VerifyStale = true });
        await AskAsync();
        _upstream.Dispose();
        _time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal("www.example.com. 30 IN A 192.0.2.1", await AskAsync());
    }

    [Fact]
    public async Task AFailureIsRememberedForAMoment()
    {
        _code = ResponseCode.ServFail;
        Start(new CachePlan());
        Assert.Equal(ResponseCode.ServFail, (await QueryAsync()).Code);
        Assert.Equal(ResponseCode.ServFail, (await QueryAsync()).Code);
        Assert.Equal(1, _upstream.Asked);
        _time.Advance(TimeSpan.FromSeconds(6));
        _code = ResponseCode.NoError;
        Assert.Equal(ResponseCode.NoError, (await QueryAsync()).Code);
    }

    [Fact]
    public async Task NoTimeToLiveIsOverTheCachesOwn()
    {
        Start(new CachePlan { MaxTtl = 30 });
        Assert.Equal("www.example.com. 30 IN A 192.0.2.1", await AskAsync());
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("www.example.com. 20 IN A 192.0.2.1", await AskAsync());
    }

    /// <summary>kubeadm's <c>disable success cluster.local</c> is no reason to ask for every other name each time.</summary>
    [Theory]
    [InlineData("cluster.local", "", 1)]
    [InlineData("example.com", "", 2)]
    [InlineData("", "example.com", 2)]
    [InlineData("", "org", 1)]
    public async Task OnlyNamesThatAreNamedAreNotKept(string disabled, string notOf, int asked)
    {
        NameSuffix[] Suffixes(string name) => name.Length == 0 ? [] : [NameSuffix.Parse(name)];
        NameSuffix[] zones = notOf.Length == 0 ? [] : [NameSuffix.Parse(notOf == "org" ? "com" : "org")];
        Start(new CachePlan { NoSuccess = Suffixes(disabled), NoDenial = [NameSuffix.Root], Zones = zones, MaxTtl = 30 });
        var first = await AskAsync();
        Assert.Equal($"www.example.com. {(asked == 1 ? 30 : 60)} IN A 192.0.2.1", first);
        Assert.Equal(first, await AskAsync());
        Assert.Equal(asked, _upstream.Asked);
    }

    [Fact]
    public async Task ATimeToLiveIsKeptWhereThatIsAskedFor()
    {
        Start(new CachePlan { KeepsTtl = true });
        await AskAsync();
        _time.Advance(TimeSpan.FromSeconds(40));
        Assert.Equal("www.example.com. 60 IN A 192.0.2.1", await AskAsync());
        Assert.Equal(1, _upstream.Asked);
        _time.Advance(TimeSpan.FromSeconds(21));
        await AskAsync();
        Assert.Equal(2, _upstream.Asked);
    }

    [Fact]
    public async Task ThoseWhoAskTheSameAtOnceShareOneQuestion()
    {
        _gate = new TaskCompletionSource();
        var forwarder = Start(new CachePlan());
        var asking = Enumerable.Range(0, 20).Select(_ => AskAsync()).ToList();
        await UntilAsync(() => Task.FromResult(forwarder.Concurrent == 20));
        _gate.SetResult();
        Assert.All(await Task.WhenAll(asking), answer => Assert.Equal("www.example.com. 60 IN A 192.0.2.1", answer));
        Assert.Equal(1, _upstream.Asked);
    }

    private Forwarder Start(CachePlan plan)
    {
        var forwarder = TestForwarders.Of(TestForwarders.Plan(_upstream.EndPoint), plan, _time);
        _server = new TestServer(new TestZone(), forwarder: forwarder);
        return forwarder;
    }

    private async Task<string?> AskAsync() => (await QueryAsync()).Answers.SingleOrDefault();

    private Task<DnsResponse> QueryAsync() =>
        DnsClient.QueryAsync(Name, RecordType.A, new DnsQueryOptions { Server = _server!.EndPoint, Timeout = TimeSpan.FromSeconds(20) });

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), limit.Token);
        }
    }
}

using System.Security.Cryptography;
using System.Text;
using Dataplane.Hosting.Spdy;

namespace Dataplane.Hosting.Tests.Spdy;

/// <summary>Two ends of a session.</summary>
public sealed class SpdySessionTests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly SpdySession _client;
    private readonly SpdySession _server;
    private readonly Task<SpdyException?> _clientRun;
    private readonly Task<SpdyException?> _serverRun;
    private readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;

    public SpdySessionTests()
    {
        var (one, other) = JoinedStreams.Create();
        _client = new SpdySession(one, new SpdySessionOptions { IsServer = false });
        _server = new SpdySession(other, new SpdySessionOptions { MostStreams = 8, MostUnread = 256 * 1024, Admit = headers => headers["streamtype"] != "refused" });
        _clientRun = _client.RunAsync(_cancellation);
        _serverRun = _server.RunAsync(_cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _server.DisposeAsync();
        await Task.WhenAll(_clientRun, _serverRun).WaitAsync(Patience);
    }

    [Fact]
    public async Task AStreamCarriesBytesBothWaysAndEachWayEndsForItself()
    {
        var (here, there) = await OpenAsync("data");
        Assert.Equal("data", there.Headers["StreamType"]);
        await here.Accepted.WaitAsync(Patience, _cancellation);

        await here.WriteAsync("ping"u8.ToArray(), _cancellation);
        await here.CompleteWritesAsync();
        Assert.Equal("ping", await ReadAllAsync(there));
        await there.WriteAsync("pong"u8.ToArray(), _cancellation);
        await there.DisposeAsync();
        Assert.Equal("pong", await ReadAllAsync(here));
        await Assert.ThrowsAsync<SpdyException>(() => here.WriteAsync(new byte[1], _cancellation).AsTask());
    }

    [Fact]
    public async Task MuchDataOnManyStreamsArrivesWhole()
    {
        var pairs = new List<(SpdyStream Here, SpdyStream There)>();
        for (var i = 0; i < 8; i++)
        {
            pairs.Add(await OpenAsync("data"));
        }

        var sums = await Task.WhenAll(pairs.Select(async (pair, number) =>
        {
            var data = new byte[3_000_000];
            new Random(number).NextBytes(data);
            var sending = SendAsync(pair.Here, data);
            var echo = pair.There.CopyToAsync(pair.There, _cancellation).ContinueWith(_ => pair.There.CompleteWritesAsync(), TaskScheduler.Default).Unwrap();
            var back = SHA256.HashDataAsync(pair.Here, _cancellation).AsTask();
            await Task.WhenAll(sending, echo, back).WaitAsync(Patience, _cancellation);
            return (Sent: Convert.ToHexString(SHA256.HashData(data)), Received: Convert.ToHexString(await back));
        }));
        Assert.All(sums, sum => Assert.Equal(sum.Sent, sum.Received));
    }

    [Fact]
    public async Task OneStreamsResetLeavesTheOthers()
    {
        var (firstHere, firstThere) = await OpenAsync("data");
        var (secondHere, secondThere) = await OpenAsync("data");
        var reading = firstHere.ReadAsync(new byte[1], _cancellation).AsTask();
        firstThere.Reset(SpdyResetReason.InternalError);
        Assert.Contains("InternalError", (await Assert.ThrowsAsync<SpdyException>(() => reading.WaitAsync(Patience, _cancellation))).Message);
        await Assert.ThrowsAsync<SpdyException>(() => firstHere.WriteAsync(new byte[1], _cancellation).AsTask());

        await secondHere.WriteAsync("still"u8.ToArray(), _cancellation);
        await secondHere.CompleteWritesAsync();
        Assert.Equal("still", await ReadAllAsync(secondThere));
    }

    [Fact]
    public async Task WhatIsNotAdmittedAndWhatIsTooMuchIsRefused()
    {
        var refused = _client.Open(Headers("refused"));
        await Assert.ThrowsAsync<SpdyException>(() => refused.Accepted.WaitAsync(Patience, _cancellation));
        for (var i = 0; i < 8; i++)
        {
            await OpenAsync("data");
        }

        var tooMuch = _client.Open(Headers("data"));
        Assert.Contains("RefusedStream", (await Assert.ThrowsAsync<SpdyException>(() => tooMuch.Accepted.WaitAsync(Patience, _cancellation))).Message);
    }

    [Fact]
    public async Task EndedStreamsMakeRoomForOthers()
    {
        for (var i = 0; i < 50; i++)
        {
            var (here, there) = await OpenAsync("data");
            await here.CompleteWritesAsync();
            await there.DisposeAsync();
            Assert.Equal("", await ReadAllAsync(here));
        }
    }

    [Fact]
    public async Task NobodyReadingHoldsTheSenderBackUntilSomebodyDoes()
    {
        var (here, there) = await OpenAsync("data");
        var sending = SendAsync(here, new byte[4_000_000]);

        // What both connections and the unread limit hold is far less than is sent, so it cannot complete.
        await there.ReadExactlyAsync(new byte[1], _cancellation);
        Assert.False(sending.IsCompleted);
        var length = 1L;
        var buffer = new byte[64 * 1024];
        while (await there.ReadAsync(buffer, _cancellation) is var count and > 0)
        {
            length += count;
        }

        await sending.WaitAsync(Patience, _cancellation);
        Assert.Equal(4_000_000, length);
    }

    [Fact]
    public async Task AStreamThatIsDisposedUnreadDoesNotBlockTheOthers()
    {
        var (here, there) = await OpenAsync("data");
        var sending = SendAsync(here, new byte[4_000_000]);
        await there.DisposeAsync();
        await sending.WaitAsync(Patience, _cancellation);
        var (second, secondThere) = await OpenAsync("data");
        await second.WriteAsync("still"u8.ToArray(), _cancellation);
        await second.CompleteWritesAsync();
        Assert.Equal("still", await ReadAllAsync(secondThere));
    }

    [Fact]
    public async Task TheEndOfTheConnectionEndsEveryStream()
    {
        var (here, there) = await OpenAsync("data");
        var reading = there.ReadAsync(new byte[1], _cancellation).AsTask();
        await _client.DisposeAsync();
        Assert.Null(await _serverRun.WaitAsync(Patience, _cancellation));
        await Assert.ThrowsAsync<SpdyException>(() => reading.WaitAsync(Patience, _cancellation));
        await Assert.ThrowsAsync<SpdyException>(() => there.WriteAsync(new byte[1], _cancellation).AsTask());
        await Assert.ThrowsAsync<SpdyException>(() => here.WriteAsync(new byte[1], _cancellation).AsTask());
        Assert.False(await _server.Incoming.WaitToReadAsync(_cancellation));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WhatCameBeforeABreakIsReadBeforeItIsTold(bool byReset)
    {
        var (here, there) = await OpenAsync("data");
        await here.WriteAsync("early"u8.ToArray(), _cancellation);
        if (byReset)
        {
            here.Reset(SpdyResetReason.InternalError);
            await Assert.ThrowsAsync<SpdyException>(() => here.ReadAsync(new byte[1], _cancellation).AsTask());
            var (next, nextThere) = await OpenAsync("data");
            await next.WriteAsync("next"u8.ToArray(), _cancellation);
            await nextThere.ReadExactlyAsync(new byte[4], _cancellation).AsTask().WaitAsync(Patience, _cancellation);
        }
        else
        {
            await _client.DisposeAsync();
            Assert.Null(await _serverRun.WaitAsync(Patience, _cancellation));
        }

        var text = new byte[5];
        await there.ReadExactlyAsync(text, _cancellation).AsTask().WaitAsync(Patience, _cancellation);
        Assert.Equal("early"u8.ToArray(), text);
        await Assert.ThrowsAsync<SpdyException>(() => there.ReadAsync(text, _cancellation).AsTask().WaitAsync(Patience, _cancellation));
    }

    private static SpdyHeaders Headers(string type) => new([new("streamtype", type)]);

    private async Task<(SpdyStream Here, SpdyStream There)> OpenAsync(string type)
    {
        var here = _client.Open(Headers(type));
        return (here, await _server.Incoming.ReadAsync(_cancellation).AsTask().WaitAsync(Patience, _cancellation));
    }

    private async Task SendAsync(SpdyStream stream, byte[] data)
    {
        await stream.WriteAsync(data, _cancellation);
        await stream.CompleteWritesAsync();
    }

    private async Task<string> ReadAllAsync(Stream stream)
    {
        using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
        return await reader.ReadToEndAsync(_cancellation).WaitAsync(Patience, _cancellation);
    }
}

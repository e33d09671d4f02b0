using System.Buffers.Binary;
using Dataplane.Hosting.Spdy;
using FsCheck;
using FsCheck.Fluent;

namespace Dataplane.Hosting.Tests.Spdy;

/// <summary>A server's answers to single frames, good and bad, written by hand.</summary>
public sealed class SpdyFrameTests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly JoinedStreams _peer;
    private readonly SpdySession _server;
    private readonly Task<SpdyException?> _run;
    private readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;

    public SpdyFrameTests()
    {
        (_peer, var other) = JoinedStreams.Create();
        _server = new SpdySession(other, new SpdySessionOptions());
        _run = _server.RunAsync(_cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _peer.DisposeAsync();
        await _server.DisposeAsync();
        await _run.WaitAsync(Patience);
    }

    [Theory]
    [InlineData("80030006 00 000004 00000001", "80030006 00 000004 00000001")]
    [InlineData("00000005 00 000003 616263", "80030003 00 000008 00000005 00000002")]
    [InlineData("8003000A 00 000002 0000 80030006 00 000004 00000003", "80030006 00 000004 00000003")]
    [InlineData("80030006 00 000004 00000002 80030006 00 000004 00000005", "80030006 00 000004 00000005")]
    [InlineData("80030003 00 000008 00000009 00000005 80030006 00 000004 00000003", "80030006 00 000004 00000003")]
    [InlineData("80030004 00 00000C 00000001 00000007 00010000 80030006 00 000004 00000003", "80030006 00 000004 00000003")]
    public async Task AFrameIsAnsweredOrIgnored(string sent, string answer)
    {
        await SendAsync(sent);
        Assert.Equal(Hex(answer), await ReadAsync(Hex(answer).Length));
    }

    [Fact]
    public async Task AStreamIsAnsweredBeforeAnythingElseOfIt()
    {
        await SendAsync(SynStream(1));
        var stream = await _server.Incoming.ReadAsync(_cancellation).AsTask().WaitAsync(Patience, _cancellation);
        await stream.WriteAsync("hi"u8.ToArray(), _cancellation);
        await stream.CompleteWritesAsync();
        var reply = SpdyFrameHeader.Read(await ReadAsync(SpdyFrameHeader.Size));
        Assert.Equal(SpdyFrameType.SynReply, reply.Type);
        var payload = await ReadAsync(reply.Length);
        Assert.Equal(1, BinaryPrimitives.ReadInt32BigEndian(payload));
        Assert.Equal(Hex("00000001 00 000002 6869 00000001 01 000000"), await ReadAsync(18));
    }

    [Theory]
    [InlineData(2, SpdyResetReason.ProtocolError)]
    [InlineData(0, SpdyResetReason.ProtocolError)]
    public async Task AStreamOfTheWrongSideIsReset(int id, SpdyResetReason reason)
    {
        await SendAsync(SynStream(id));
        Assert.Equal(Hex($"80030003 00 000008 {id:x8} {(int)reason:x8}"), await ReadAsync(16));
    }

    [Fact]
    public async Task DataAfterTheEndAndAnIdUsedTwiceResetTheStream()
    {
        await SendAsync(SynStream(1));
        await SkipFrameAsync();
        await SendAsync(Hex("00000001 01 000001 61"));
        await SendAsync(Hex("00000001 00 000001 62"));
        Assert.Equal(Hex("80030003 00 000008 00000001 00000009"), await ReadAsync(16));
    }

    [Fact]
    public async Task WindowsHoldBackOnceThePeerUsesThem()
    {
        await SendAsync(SynStream(1));
        await SkipFrameAsync();
        var stream = await _server.Incoming.ReadAsync(_cancellation).AsTask().WaitAsync(Patience, _cancellation);

        // Windows of 10 bytes more than none for the stream; the session still has its first 64 KiB.
        await SendAsync(Hex("80030004 00 00000C 00000001 00000007 00000000"));
        await SendAsync(Hex("80030009 00 000008 00000001 0000000A"));
        await SendAsync(Hex("80030006 00 000004 00000001"));
        await SkipFrameAsync();
        var writing = stream.WriteAsync(new byte[15], _cancellation).AsTask();
        Assert.Equal(10, SpdyFrameHeader.Read((await ReadAsync(18))[..8]).Length);
        Assert.False(writing.IsCompleted);
        await SendAsync(Hex("80030009 00 000008 00000001 0000000A"));
        Assert.Equal(5, SpdyFrameHeader.Read((await ReadAsync(13))[..8]).Length);
        await writing.WaitAsync(Patience, _cancellation);
    }

    [Fact]
    public async Task WhatIsReadIsGrantedAgain()
    {
        await SendAsync(SynStream(1));
        await SkipFrameAsync();
        var stream = await _server.Incoming.ReadAsync(_cancellation).AsTask().WaitAsync(Patience, _cancellation);
        await SendAsync([.. Hex("00000001 00 008000"), .. new byte[0x8000]]);
        await stream.ReadExactlyAsync(new byte[0x8000], _cancellation);
        Assert.Equal(Hex("80030009 00 000008 00000001 00008000 80030009 00 000008 00000000 00008000"), await ReadAsync(32));
    }

    [Theory]
    [InlineData("80020006 00 000004 00000001", "version 2")]
    [InlineData("80030001 00 000004 00000001", "a control frame of 4 bytes")]
    [InlineData("80030001 00 00000C 00000001 00000000 0000 FFFF", "no zlib header")]
    [InlineData("80030001 00 100000", "SynStream: 1048576 bytes")]
    [InlineData("80030003 00 000000", "a control frame of 0 bytes")]
    [InlineData("80030004 00 000008 00000002 00000000", "Settings: 2 in 4 bytes")]
    [InlineData("80030004 00 00000C 00000001 00000007 FFFFFFFF", "a window of 4294967295")]
    [InlineData("80030009 00 000008 00000000 00000000", "WindowUpdate: 0 bytes")]
    [InlineData("80030009 00 000008 00000000 7FFFFFFF", "WindowUpdate: 2147483647 bytes")]
    public async Task AFrameThatCannotBeRightEndsTheSession(string sent, string why)
    {
        await SendAsync(sent);
        Assert.Equal(Hex("80030007 00 000008 00000000 00000001"), await ReadAsync(16));
        Assert.Contains(why, (await _run.WaitAsync(Patience, _cancellation))!.Message);
    }

    [Theory]
    [InlineData("8003")]
    [InlineData("00000001 00 000010 61")]
    [InlineData("80030006 00 000004 00")]
    public async Task AConnectionThatEndsInsideAFrameIsSaidSo(string sent)
    {
        await SendAsync(sent);
        _peer.CompleteWrites();
        Assert.Equal("the connection ended inside a frame", (await _run.WaitAsync(Patience, _cancellation))!.Message);
    }

    [Fact]
    public void RandomFramesNeverDoMoreThanEndTheSession()
    {
        var frame = from type in Gen.Choose(0, 12)
                    from flags in Gen.Choose(0, 3)
                    from id in Gen.Choose(0, 6)
                    from data in ArbMap.Default.GeneratorFor<byte[]>()
                    from control in Gen.Elements(true, true, false)
                    select Frame(control, type, flags, id, data);
        var traffic = from frames in Gen.ArrayOf(frame)
                      from noise in Gen.Frequency((3, Gen.Constant(Array.Empty<byte>())), (1, ArbMap.Default.GeneratorFor<byte[]>()))
                      select (byte[])[.. SynStream(1), .. frames.SelectMany(one => one), .. noise];
        Prop.ForAll(traffic.ToArbitrary(), bytes => Survives(bytes)).QuickCheckThrowOnFailure();
        Prop.ForAll<byte[]>(bytes => Survives(bytes)).QuickCheckThrowOnFailure();
    }

    private static bool Survives(byte[] bytes)
    {
        var (peer, other) = JoinedStreams.Create();
        return Task.Run(async () =>
        {
            var server = new SpdySession(other, new SpdySessionOptions());
            var run = server.RunAsync(CancellationToken.None);
            var answers = peer.CopyToAsync(Stream.Null);
            try
            {
                await peer.WriteAsync(bytes);
                await peer.FlushAsync();
            }
            catch (InvalidOperationException)
            {
                // The server has gone already.
            }

            peer.CompleteWrites();
            await run.WaitAsync(Patience);
            await server.DisposeAsync();
            await answers.WaitAsync(Patience);
            return true;
        }).WaitAsync(Patience).GetAwaiter().GetResult();
    }

    private static byte[] Frame(bool control, int type, int flags, int id, byte[] data)
    {
        var header = new byte[SpdyFrameHeader.Size];
        (control ? SpdyFrameHeader.Control((SpdyFrameType)type, (SpdyFlags)flags, data.Length + 4) : SpdyFrameHeader.Data(id, (SpdyFlags)flags, data.Length)).Write(header);
        return control ? [.. header, 0, 0, 0, (byte)id, .. data] : [.. header, .. data];
    }

    private static byte[] SynStream(int id)
    {
        using var deflater = new SpdyDeflater();
        var block = deflater.Compress(new SpdyHeaders([new("streamtype", "data")])).ToArray();
        return [.. Hex($"80030001 00 {10 + block.Length:x6} {id:x8} 00000000 0000"), .. block];
    }

    private static byte[] Hex(string text) => Convert.FromHexString(text.Replace(" ", "", StringComparison.Ordinal));

    private Task SendAsync(string hex) => SendAsync(Hex(hex));

    private async Task SendAsync(byte[] bytes)
    {
        await _peer.WriteAsync(bytes, _cancellation);
        await _peer.FlushAsync(_cancellation);
    }

    private async Task<byte[]> ReadAsync(int count)
    {
        var bytes = new byte[count];
        await _peer.ReadExactlyAsync(bytes, _cancellation).AsTask().WaitAsync(Patience, _cancellation);
        return bytes;
    }

    private async Task SkipFrameAsync() => await ReadAsync(SpdyFrameHeader.Read(await ReadAsync(SpdyFrameHeader.Size)).Length);
}

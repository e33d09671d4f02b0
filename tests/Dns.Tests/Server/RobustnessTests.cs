using Dataplane.Dns.Client;
using Dataplane.Dns.Configuration;
using Dataplane.Dns.Forward;
using Dataplane.Dns.Server;
using Dataplane.Dns.Tests.Forward;
using Dataplane.Dns.Tests.Scenarios;
using Dataplane.Dns.Wire;
using FsCheck;
using FsCheck.Fluent;

namespace Dataplane.Dns.Tests.Server;

/// <summary>Whatever arrives, the engine returns: with silence, with something to forward, or with a well-formed reply.</summary>
public sealed class RobustnessTests
{
    private const int Flips = 100_000;

    private static readonly byte[][] Queries =
    [
        QueryMessage.Write(DnsName.Parse("svc-1.testns.svc.cluster.local"), RecordType.A, DnsHeader.RD, 1232),
        QueryMessage.Write(DnsName.Parse("_http._tcp.big.testns.svc.cluster.local"), RecordType.SRV, DnsHeader.RD, 4096, dnssecOk: true),
        QueryMessage.Write(DnsName.Parse("10-1-0-1.big.testns.svc.cluster.local"), RecordType.AAAA, 0, null),
        QueryMessage.Write(DnsName.Parse("1.0.1.10.in-addr.arpa"), RecordType.PTR, DnsHeader.RD, null),
        QueryMessage.Write(DnsName.Parse("fd00--1.testns.pod.cluster.local"), RecordType.AAAA, DnsHeader.RD, 512),
    ];

    [Fact]
    public void FlippedBitsNeverThrow()
    {
        var zone = Zone();
        var random = new System.Random(20260);
        var buffer = new byte[2048];
        for (var i = 0; i < Flips; i++)
        {
            var query = Queries[i % Queries.Length];
            query.CopyTo(buffer, 0);
            var length = random.Next(8) == 0 ? random.Next(query.Length) : query.Length;
            for (var flips = random.Next(1, 6); flips > 0; flips--)
            {
                buffer[random.Next(query.Length)] ^= (byte)(1 << random.Next(8));
            }

            AssertAnswered(zone, buffer, length);
        }
    }

    [Fact]
    public void ArbitraryBytesNeverThrow()
    {
        var zone = Zone();
        var messages = Gen.Choose(0, 255).Select(value => (byte)value).ArrayOf().Where(bytes => bytes.Length <= 512).ToArbitrary();
        Prop.ForAll(messages, bytes =>
        {
            // With a header that is let through, the bytes are read as questions and records.
            var buffer = new byte[2048];
            new byte[] { 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1 }.CopyTo(buffer, 0);
            bytes.CopyTo(buffer, DnsHeader.Size);
            AssertAnswered(zone, buffer, DnsHeader.Size + bytes.Length);
            bytes.CopyTo(buffer, 0);
            AssertAnswered(zone, buffer, bytes.Length);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(5000));
    }

    [Fact]
    public void AnUpstreamsBrokenAnswerBecomesServerFailure()
    {
        var question = QueryMessage.Write(DnsName.Parse("www.example.com"), RecordType.A, DnsHeader.RD, null);
        var request = new ForwardRequest { Question = question, Name = DnsName.Parse("www.example.com"), Type = RecordType.A, Aliases = [], Limit = 512 };
        var whole = UpstreamAnswers.Write(question, "www.example.com. CNAME cdn.example.com.", "cdn.example.com. A 192.0.2.1");
        var random = new System.Random(20261);
        var cache = new ForwardCache(new CachePlan(), TimeProvider.System);
        for (var i = 0; i < 20_000; i++)
        {
            var broken = whole[..random.Next(DnsHeader.Size, whole.Length + 1)];
            broken[random.Next(broken.Length)] ^= (byte)(1 << random.Next(8));
            var (message, code) = UpstreamAnswer.Rewrite(request, broken, 0);
            Assert.Equal((ushort)code & 0xF, (ushort)DnsResponse.Read(message).Code & 0xF);
            cache.Lifetime(broken);
        }
    }

    private static TestZone Zone()
    {
        var zone = new TestZone(forwards: true);
        LargeZones.AddServices(zone, 10);
        LargeZones.AddHeadless(zone, "big", 40);
        zone.Commit();
        return zone;
    }

    private static void AssertAnswered(TestZone zone, byte[] buffer, int length)
    {
        var id = (buffer[0], buffer[1]);
        var reply = zone.Engine.AnswerDatagram(buffer, length);
        if (reply.Disposition is Disposition.Send)
        {
            Assert.InRange(reply.Length, DnsHeader.Size, 1232);
            Assert.Equal(id, (buffer[0], buffer[1]));
            DnsResponse.Read(buffer[..reply.Length]);
        }
    }
}

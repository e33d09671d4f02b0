using Dataplane.Dns.Forward;
using Dataplane.Dns.Server;
using Dataplane.Dns.Tests.Scenarios;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Tests.Server;

/// <summary>The budget of an answer about the cluster is 0 bytes, whatever its kind.</summary>
public sealed class AllocationTests
{
    [Theory]
    [InlineData("svc-7.testns.svc.cluster.local", RecordType.A)]
    [InlineData("svc-7.testns.svc.cluster.local", RecordType.AAAA)]
    [InlineData("nosuch.testns.svc.cluster.local", RecordType.A)]
    [InlineData("www.example.com.testns.svc.cluster.local", RecordType.A)]
    [InlineData("big.testns.svc.cluster.local", RecordType.A)]
    [InlineData("_http._tcp.big.testns.svc.cluster.local", RecordType.SRV)]
    [InlineData("10-1-0-1.big.testns.svc.cluster.local", RecordType.A)]
    [InlineData("10-1-0-1.testns.pod.cluster.local", RecordType.A)]
    [InlineData("fd00--1.testns.pod.cluster.local", RecordType.AAAA)]
    [InlineData("1.0.1.10.in-addr.arpa", RecordType.PTR)]
    [InlineData("cluster.local", RecordType.SOA)]
    public void AnAnswerAllocatesNothing(string name, RecordType type)
    {
        var zone = new TestZone();
        LargeZones.AddServices(zone, 100);
        LargeZones.AddHeadless(zone, "big", 40);
        zone.Commit();
        var query = QueryMessage.Write(DnsName.Parse(name), type, DnsHeader.RD, 1232);
        var buffer = new byte[2048];

        // Code that is not yet optimised may allocate, and nobody says when it will be: what always allocates does so each time.
        var least = long.MaxValue;
        for (var batch = 0; batch < 20 && least > 0; batch++)
        {
            Answer(100);
            var before = GC.GetAllocatedBytesForCurrentThread();
            Answer(1000);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);

        void Answer(int times)
        {
            for (var i = 0; i < times; i++)
            {
                query.CopyTo(buffer, 0);
                if (zone.Engine.AnswerDatagram(buffer, query.Length).Disposition is not Disposition.Send)
                {
                    throw new InvalidOperationException("not answered");
                }
            }
        }
    }
}

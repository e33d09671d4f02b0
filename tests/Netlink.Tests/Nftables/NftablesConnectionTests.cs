using System.Net;
using System.Threading.Channels;
using Dataplane.Netlink.Nftables;
using Dataplane.Netlink.Nftables.Expressions;
using Dataplane.TestKit;

namespace Dataplane.Netlink.Tests.Nftables;

public sealed class NftablesConnectionTests
{
    private static readonly NftTable Table = new(NftFamily.Ip, "dp");

    [Fact]
    public void ARefusalNamesItsOperationAndNothingIsChanged()
    {
        using var network = new TestNetwork();
        using var nftables = NftablesConnection.Open(network.AddHost("a").Namespace);
        var batch = new NftBatch();
        batch.AddTable(Table);
        batch.AddChain(Table, "first");
        batch.AddRule(Table, "first", ImmediateVerdict.Jump("nowhere"));
        batch.AddChain(Table, "second");

        var refused = Assert.Throws<NetlinkException>(() => nftables.Commit(batch));

        Assert.Equal(("add rule to ip dp first", 2), (refused.Operation, refused.Errno));
        Assert.StartsWith("attribute 4", refused.OffendingAttribute);
        Assert.Empty(nftables.Tables());
    }

    [Fact]
    public void TheOperationIsNamedInChunkedElementsToo()
    {
        using var network = new TestNetwork();
        using var nftables = NftablesConnection.Open(network.AddHost("a").Namespace);
        var batch = new NftBatch();
        batch.AddTable(Table);
        batch.AddSet(new NftSet(Table, "s", NftType.Ipv4Address));
        for (uint i = 0; i < 20_000; i++)
        {
            batch.AddElement(Table, "s", new NftElement(NftValue.U32(i)));
        }

        batch.AddElements(Table, "missing", new NftElement(NftValue.U32(1)));
        Assert.InRange(batch.Count, 5, 20);
        Assert.Equal("add elements to ip dp missing", Assert.Throws<NetlinkException>(() => nftables.Commit(batch)).Operation);
    }

    [Fact]
    public void DestroyingDoesNotMindAnAbsentTable()
    {
        using var network = new TestNetwork();
        using var nftables = NftablesConnection.Open(network.AddHost("a").Namespace);
        var batch = new NftBatch();
        batch.DestroyTable(Table);
        nftables.Commit(batch);
        nftables.Commit(batch);
        Assert.Empty(nftables.Tables());

        batch.Clear();
        nftables.Commit(batch);
        batch.DeleteTable(Table);
        Assert.Equal(("delete table ip dp", 2), Assert.Throws<NetlinkException>(() => nftables.Commit(batch)) is var e ? (e.Operation, e.Errno) : default);
    }

    [Fact]
    public void RulesAreDeletedByHandleAndChainsFlushed()
    {
        using var network = new TestNetwork();
        using var nftables = NftablesConnection.Open(network.AddHost("a").Namespace);
        var batch = new NftBatch();
        batch.AddTable(Table);
        batch.AddChain(Table, "c");
        batch.AddRule(Table, "c", "one", ImmediateVerdict.Accept);
        batch.AddRule(Table, "c", "two", new Counter(), ImmediateVerdict.Drop);
        batch.AddRule(Table, "c", ImmediateVerdict.Return);
        nftables.Commit(batch);
        var rules = nftables.Rules(Table, "c");
        Assert.Equal(["one", "two", null], rules.Select(rule => rule.Comment));

        batch.Clear();
        batch.DeleteRule(Table, "c", rules[1].Handle);
        nftables.Commit(batch);
        Assert.Equal(["one", null], nftables.Rules(Table, "c").Select(rule => rule.Comment));

        batch.Clear();
        batch.FlushChain(Table, "c");
        batch.DeleteChain(Table, "c");
        nftables.Commit(batch);
        Assert.Empty(nftables.Chains(Table));
    }

    [Fact]
    public async Task ForeignTransactionsAreToldWithTheirTables()
    {
        using var network = new TestNetwork();
        var host = network.AddHost("a");
        using var nftables = NftablesConnection.Open(host.Namespace);
        var generations = Channel.CreateUnbounded<NftGeneration>();
        using var monitor = NftablesMonitor.Start(host.Namespace, generation => generations.Writer.TryWrite(generation));
        using var cancel = new CancellationTokenSource(TimeSpan.FromSeconds(60));

        var batch = new NftBatch();
        batch.AddTable(Table);
        batch.AddTable(new NftTable(NftFamily.Ip6, "dp"));
        nftables.Commit(batch);
        var own = await generations.Reader.ReadAsync(cancel.Token);
        Assert.Equal(nftables.PortId, own.PortId);
        Assert.Equal(["ip dp", "ip6 dp"], own.Tables.Select(table => table.ToString()).Order());
        Assert.False(own.Incomplete);

        (await Tools.RunAsync(host.Namespace, "nft", ["flush", "ruleset"])).OutputOrThrow();
        var foreign = await generations.Reader.ReadAsync(cancel.Token);
        Assert.NotEqual(nftables.PortId, foreign.PortId);
        Assert.Equal("nft", foreign.ProcessName);
        Assert.Equal(own.Id + 1, foreign.Id);
        Assert.Contains(Table, foreign.Tables);
    }

    /// <summary>A flush of a large ruleset is more than a listener's buffer holds, and nothing may come after it that would tell of the loss.</summary>
    [Fact]
    public async Task WhatTheKernelDroppedIsToldThoughNothingFollows()
    {
        const int rulesInAPiece = 1000;
        using var network = new TestNetwork();
        var host = network.AddHost("a");
        using var nftables = NftablesConnection.Open(host.Namespace);
        var batch = new NftBatch();
        batch.AddTable(Table);
        batch.AddChain(Table, "c");
        for (var piece = 0; piece < 60; piece++)
        {
            for (var rule = 0; rule < rulesInAPiece; rule++)
            {
                batch.AddRule(Table, "c", new string('x', 120), new Counter());
            }

            nftables.Commit(batch);
            batch.Clear();
        }

        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var busy = new ManualResetEventSlim();
        using var monitor = NftablesMonitor.Start(host.Namespace, generation =>
        {
            if (generation.Incomplete)
            {
                told.TrySetResult();
            }

            busy.Wait(TestContext.Current.CancellationToken);
        });
        batch.AddTable(new NftTable(NftFamily.Ip6, "dp"));
        nftables.Commit(batch);
        batch.Clear();
        batch.DestroyTable(Table);
        nftables.Commit(batch);
        busy.Set();

        await told.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
    }

    [Fact]
    public void ValuesAreComparedByTheirBytes()
    {
        var address = NftValue.Address(IPAddress.Parse("10.0.0.1"));
        Assert.Equal(4, address.Length);
        Assert.Equal("0A0000010600000000500000", NftValue.Concat(address, NftValue.U8(6), NftValue.Port(80)).ToString());
        Assert.Equal(NftValue.Concat(address, NftValue.U8(6)), NftValue.Concat(address, NftValue.U8(6)));
        Assert.NotEqual(NftValue.Of([1]), NftValue.Of([1, 0]));
        Assert.Throws<ArgumentException>(() => NftValue.Of(new byte[65]));
        Assert.Throws<ArgumentException>(() => NftValue.Concat(NftValue.Of(new byte[60]), NftValue.Of(new byte[8])));
        Assert.Throws<OverflowException>(() => NftValue.Port(65536));
    }

    [Fact]
    public void ElementsOfTimedSetsSayHowLongTheyStay()
    {
        using var network = new TestNetwork();
        using var nftables = NftablesConnection.Open(network.AddHost("a").Namespace);
        var batch = new NftBatch();
        batch.AddTable(Table);
        batch.AddSet(new NftSet(Table, "s", NftType.Ipv4Address)
        {
            Flags = NftSetFlags.Timeout | NftSetFlags.Dynamic,
            Timeout = TimeSpan.FromHours(3),
            Size = 1000,
        });
        batch.AddElements(Table, "s", new NftElement(NftValue.U32(1)) { Timeout = TimeSpan.FromMinutes(1) });
        nftables.Commit(batch);

        Assert.Equal(TimeSpan.FromHours(3), Assert.Single(nftables.Sets(Table)).Timeout);
        var element = Assert.Single(nftables.Elements(Table, "s"));
        Assert.Equal(TimeSpan.FromMinutes(1), element.Timeout);
        Assert.InRange(element.Expiration!.Value, TimeSpan.Zero, TimeSpan.FromMinutes(1));

        batch.Clear();
        batch.FlushSet(Table, "s");
        nftables.Commit(batch);
        Assert.Empty(nftables.Elements(Table, "s"));
    }
}

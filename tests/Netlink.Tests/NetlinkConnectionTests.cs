using System.Runtime.InteropServices;
using Dataplane.Linux;
using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.NetlinkHeader;

namespace Dataplane.Netlink.Tests;

public sealed class NetlinkConnectionTests
{
    private const int ItemType = 0x20;

    [Fact]
    public void ADumpThatTheKernelCallsInconsistentIsTakenAgainWhole()
    {
        var (connection, socket) = Connect((request, sequence) =>
        [
            Item(sequence, 1, request == 0 ? NLM_F_DUMP_INTR : 0),
            Item(sequence, 2),
            Done(sequence),
        ]);

        Assert.Equal([1, 2], Dump(connection));
        Assert.Equal(2, socket.Requests);
    }

    [Fact]
    public void ADumpThatIsNeverConsistentEndsInAnError()
    {
        var (connection, socket) = Connect((_, sequence) => [Item(sequence, 1), ScriptedSocket.Message(NLMSG_DONE, sequence, 0, NLM_F_DUMP_INTR)]);

        Assert.Equal(Errno.EAGAIN, Assert.Throws<NetlinkException>(() => Dump(connection)).Errno);
        Assert.Equal(NetlinkConnection.DumpAttempts, socket.Requests);
    }

    [Fact]
    public void AnErrorAtTheEndOfADumpIsAnError()
    {
        var (connection, _) = Connect((_, sequence) => [Item(sequence, 1), ScriptedSocket.Message(NLMSG_DONE, sequence, -Errno.EBUSY)]);

        Assert.Equal(("list", Errno.EBUSY), Assert.Throws<NetlinkException>(() => Dump(connection)) is var e ? (e.Operation, e.Errno) : default);
    }

    [Fact]
    public void SilenceIsAnErrorAndNotAskedAgain()
    {
        var (connection, socket) = Connect((_, _) => []);

        var silence = Assert.Throws<NetlinkException>(() => connection.Execute(Request(), "set", 1));

        Assert.Equal(Errno.EAGAIN, silence.Errno);
        Assert.Contains("no answer within", silence.Message);
        Assert.Equal(1, socket.Requests);
    }

    [Fact]
    public void AnswersToAnAbandonedRequestAreNotTakenForThisOne()
    {
        var (connection, _) = Connect((request, sequence) => request == 0 ? [] : [Ack(sequence - 1, Errno.EBUSY), Item(sequence - 1, 9), Ack(sequence, 0)]);

        Assert.Throws<NetlinkException>(() => connection.Execute(Request(), "first", ""));
        connection.Execute(Request(), "second", "");
    }

    [Fact]
    public void ABatchIsJudgedByItsFirstError()
    {
        var (connection, _) = Connect((_, first) => [Ack(first + 2, Errno.ENOENT), Ack(first + 4, Errno.EBUSY), Ack(first + 5, 0)]);

        Assert.Equal(new BatchAnswer(2, new NetlinkAck(Errno.ENOENT)), connection.Exchange(first => Batch(first, 64), 5, "commit"));
    }

    [Fact]
    public void ABatchWithMoreErrorsThanTheBufferHoldsIsStillJudged()
    {
        var (connection, _) = Connect((_, first) => [Errno.ENOBUFS, Ack(first + 1, Errno.EEXIST)]);

        Assert.Equal(new BatchAnswer(1, new NetlinkAck(Errno.EEXIST)), connection.Exchange(first => Batch(first, 64), 5, "commit"));
    }

    [Fact]
    public void ABatchWithoutAnAnswerIsNotTakenForASuccess()
    {
        var (connection, _) = Connect((_, first) => [Ack(first + 100, 0)]);

        Assert.Equal(Errno.EAGAIN, Assert.Throws<NetlinkException>(() => connection.Exchange(first => Batch(first, 64), 5, "commit")).Errno);
    }

    [Fact]
    public void TheSendBufferGrowsToALargeBatch()
    {
        var (connection, socket) = Connect((_, first) => [Ack(first + 1, 0)]);

        connection.Exchange(first => Batch(first, 64), 1, "commit");
        Assert.Equal(0, socket.SendBuffer);
        connection.Exchange(first => Batch(first, 1_000_000), 1, "commit");
        Assert.Equal(1 << 20, socket.SendBuffer);
    }

    private static (NetlinkConnection Connection, ScriptedSocket Socket) Connect(Func<int, uint, IEnumerable<object>> answer)
    {
        var socket = new ScriptedSocket(answer);
        return (new NetlinkConnection(socket, _ => 0), socket);
    }

    private static List<int> Dump(NetlinkConnection connection) =>
        [.. connection.Dump(Request(), message => (object)MemoryMarshal.Read<int>(message.Payload), "list").Select(number => (int)number)];

    private static byte[] Request() => ScriptedSocket.Message(ItemType, 0, 0);

    private static byte[] Batch(uint first, int length)
    {
        var datagram = new byte[length];
        NetlinkWriter.Stamp(datagram, first);
        return datagram;
    }

    private static byte[] Item(uint sequence, int number, int flags = 0) => ScriptedSocket.Message(ItemType, sequence, number, flags);

    private static byte[] Done(uint sequence) => ScriptedSocket.Message(NLMSG_DONE, sequence, 0);

    private static byte[] Ack(uint sequence, int errno) => ScriptedSocket.Message(NLMSG_ERROR, sequence, -errno);
}

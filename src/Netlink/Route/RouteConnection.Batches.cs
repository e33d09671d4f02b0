namespace Dataplane.Netlink.Route;

public sealed partial class RouteConnection
{
    /// <summary>Sends a batch.</summary>
    /// <exception cref="NetlinkException">Names the first request that the kernel refused; the others were tried as well.</exception>
    public void Commit(RouteBatch batch)
    {
        if (batch.Count == 0)
        {
            return;
        }

        var (index, ack) = _connection.Exchange(batch.Encode, batch.Count - 1, batch.Describe(0));
        if (ack.Errno != 0)
        {
            var message = batch.Message(index);
            throw ack.ToException(batch.Describe(index), message, RouteHeaders.LengthOf(Codec.NetlinkWriter.TypeOf(message)));
        }
    }
}

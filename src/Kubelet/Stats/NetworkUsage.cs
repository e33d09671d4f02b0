using System.Globalization;

namespace Dataplane.Kubelet.Stats;

/// <summary>What has passed a device of a network namespace.</summary>
internal sealed record NetworkUsage(string Device, long ReceivedBytes, long ReceiveErrors, long SentBytes, long SendErrors)
{
    /// <summary>All devices but loopback of the namespace a process is in; empty when it has gone. proc(5), /proc/PID/net/dev.</summary>
    internal static IReadOnlyList<NetworkUsage> Of(int pid)
    {
        try
        {
            return [.. File.ReadLines($"/proc/{pid.ToString(CultureInfo.InvariantCulture)}/net/dev").Skip(2).Select(Parse).Where(one => one.Device != "lo")];
        }
        catch (IOException)
        {
            return [];
        }
    }

    private static NetworkUsage Parse(string line)
    {
        var (name, rest) = (line[..line.IndexOf(':')].Trim(), line[(line.IndexOf(':') + 1)..]);
        var numbers = rest.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(text => long.Parse(text, CultureInfo.InvariantCulture)).ToArray();
        return new NetworkUsage(name, numbers[0], numbers[2], numbers[8], numbers[10]);
    }
}

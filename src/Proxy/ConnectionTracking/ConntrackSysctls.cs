using System.Globalization;
using Dataplane.Linux;
using Dataplane.Linux.Namespaces;
using Dataplane.Linux.Sysctls;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.ConnectionTracking;

/// <summary>Puts <see cref="ConntrackOptions"/> into the kernel. What cannot be written is logged: a proxy without it still works.</summary>
internal static class ConntrackSysctls
{
    private const string Prefix = "net/netfilter/nf_conntrack_";
    private const string HashSize = "/sys/module/nf_conntrack/parameters/hashsize";

    // One bucket for four entries, as kube-proxy and the kernel have it.
    private const int EntriesPerBucket = 4;

    internal static void Apply(ConntrackOptions options, NetworkNamespace? networkNamespace, ILogger logger)
    {
        // The table's size is the machine's: a node that is only a namespace leaves it alone.
        if (networkNamespace is null && options.MaxFor(Environment.ProcessorCount) is { } max)
        {
            Set(null, "max", max, logger);
            GrowHashTable(max / EntriesPerBucket, logger);
        }

        Set(networkNamespace, "tcp_timeout_established", options.TcpEstablishedTimeout, logger);
        Set(networkNamespace, "tcp_timeout_close_wait", options.TcpCloseWaitTimeout, logger);
        Set(networkNamespace, "udp_timeout", options.UdpTimeout, logger);
        Set(networkNamespace, "udp_timeout_stream", options.UdpStreamTimeout, logger);
        if (options.TcpBeLiberal)
        {
            Set(networkNamespace, "tcp_be_liberal", 1, logger);
        }
    }

    private static void Set(NetworkNamespace? networkNamespace, string name, TimeSpan? value, ILogger logger)
    {
        if (value is { Ticks: > 0 } timeout)
        {
            Set(networkNamespace, name, (int)timeout.TotalSeconds, logger);
        }
    }

    private static void Set(NetworkNamespace? networkNamespace, string name, int value, ILogger logger)
    {
        var text = value.ToString(CultureInfo.InvariantCulture);
        try
        {
            if (Sysctl.Read(networkNamespace, Prefix + name) != text)
            {
                Sysctl.Write(networkNamespace, Prefix + name, text);
            }
        }
        catch (LinuxException failure)
        {
            logger.SettingNotWritten(Prefix + name, text, failure.Message);
        }
    }

    private static void GrowHashTable(int buckets, ILogger logger)
    {
        var text = buckets.ToString(CultureInfo.InvariantCulture);
        try
        {
            if (int.Parse(File.ReadAllText(HashSize), CultureInfo.InvariantCulture) < buckets)
            {
                File.WriteAllText(HashSize, text);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            logger.SettingNotWritten(HashSize, text, failure.Message);
        }
    }
}

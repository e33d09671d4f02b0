using System.Net;
using Microsoft.Extensions.Logging;

namespace Dataplane.Dns;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Serving {Zone} on {Address}, UDP with {Threads} threads and TCP")]
    internal static partial void Listening(ILogger logger, string zone, IPEndPoint address, int threads);

    [LoggerMessage(Level = LogLevel.Information, Message = "All lists are in: {Services} services in {Namespaces} namespaces")]
    internal static partial void Synced(ILogger logger, int services, int namespaces);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Zone} is asked of {Upstreams}")]
    internal static partial void Forwarding(ILogger logger, string zone, string upstreams);

    [LoggerMessage(Level = LogLevel.Information, Message = "Serving {Transport} on {Address}")]
    internal static partial void ListeningEncrypted(ILogger logger, string transport, IPEndPoint address);

    [LoggerMessage(Level = LogLevel.Information, Message = "The configuration was read again: SHA512 {Digest}")]
    internal static partial void Reloaded(ILogger logger, string digest);

    [LoggerMessage(Level = LogLevel.Error, Message = "The configuration stays as it was: {Reason}")]
    internal static partial void ReloadFailed(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The API server was last heard of {Age} s ago, at {Heard:O}: names are answered as they were then")]
    internal static partial void StateIsOld(ILogger logger, int age, DateTimeOffset heard);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Hosts file {Path}: {Reason}")]
    internal static partial void HostsUnreadable(ILogger logger, string path, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "No upstream: names outside {Zone} are refused")]
    internal static partial void NotForwarding(ILogger logger, string zone);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Upstream {Upstream} is this server itself and is left out")]
    internal static partial void UpstreamIsSelf(ILogger logger, IPEndPoint upstream);

    [LoggerMessage(Level = LogLevel.Error, Message = "Upstream {Upstream} forwards to this server: it is not asked any more")]
    internal static partial void UpstreamLoops(ILogger logger, IPEndPoint upstream);

    [LoggerMessage(Level = LogLevel.Error, Message = "Listener on {Address}: {Reason}; trying again")]
    internal static partial void ListenerFailed(ILogger logger, IPEndPoint address, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "A query could not be answered")]
    internal static partial void QueryFailed(ILogger logger, Exception failure);

    [LoggerMessage(Level = LogLevel.Error, Message = "A change was left out of the zone")]
    internal static partial void ChangeFailed(ILogger logger, Exception failure);
}

using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Proxy of node {Node} started, mode {Mode}")]
    internal static partial void Started(this ILogger logger, string node, string mode);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Rules of another mode or of kube-proxy could not be removed: {Reason}")]
    internal static partial void OthersNotRemoved(this ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Path} could not be set to {Value}: {Reason}; traffic through this node may not be forwarded")]
    internal static partial void SysctlNotWritten(this ILogger logger, string path, string value, string reason);
}

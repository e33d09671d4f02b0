using Dataplane.Proxy.Planning;
using Dataplane.Proxy.ServiceModel;
using Dataplane.Proxy.Userspace.Relay;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.Userspace;

internal static partial class Log
{
    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "out of file descriptors, or more than {Limit} connections: the newest are reset until others end (said once, counted as shed)")]
    internal static partial void ConnectionsShed(this ILogger logger, int limit);

    [LoggerMessage(Level = LogLevel.Error, Message = "an event of a {Kind} could not be served (said once, counted as fault)")]
    internal static partial void EventFailed(this ILogger logger, RelayTokenKind kind, Exception failure);

    [LoggerMessage(Level = LogLevel.Warning, Message = "clients' addresses cannot be preserved under external policy Local")]
    internal static partial void CannotPreserveClients(this ILogger logger, Exception failure);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{FrontEnd} of {ServicePort} is not served: userspace mode relays TCP and UDP of the families this node has")]
    internal static partial void FrontEndNotServed(this ILogger logger, FrontEnd frontEnd, ServicePortName servicePort);
}

using Dataplane.Proxy.Planning;
using Dataplane.Proxy.ServiceModel;
using Dataplane.Proxy.Userspace.Relay;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.Userspace;

internal static partial class Log
{
    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "out of file descriptors, or beyond the limit of connections: the newest are reset until others end (said once, counted as shed)")]
    internal static partial void ConnectionsShed(this ILogger logger);

    [LoggerMessage(Level = LogLevel.Error, Message = "an event of a {Kind} could not be served (said once, counted as fault)")]
    internal static partial void EventFailed(this ILogger logger, RelayTokenKind kind, Exception failure);

    [LoggerMessage(Level = LogLevel.Warning, Message = "outside clients of Services with external policy Local are not served until their addresses can be preserved")]
    internal static partial void CannotPreserveClients(this ILogger logger, Exception failure);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{FrontEnd} of {ServicePort} is not served: userspace mode relays TCP and UDP of the families this node has")]
    internal static partial void FrontEndNotServed(this ILogger logger, FrontEnd frontEnd, ServicePortName servicePort);
}

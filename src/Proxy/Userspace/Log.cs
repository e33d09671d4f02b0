using Dataplane.Proxy.Planning;
using Dataplane.Proxy.ServiceModel;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.Userspace;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "out of file descriptors: new connections are reset until some are free (counted as shed)")]
    internal static partial void OutOfDescriptors(this ILogger logger);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{FrontEnd} of {ServicePort} is not served: userspace mode relays TCP and UDP of the families this node has")]
    internal static partial void FrontEndNotServed(this ILogger logger, FrontEnd frontEnd, ServicePortName servicePort);
}

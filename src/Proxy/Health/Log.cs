using Dataplane.Api;
using Dataplane.Proxy.ServiceModel;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.Health;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Error, Message = "Service {Service}: healthCheckNodePort {Port} cannot be opened: {Reason}; load balancers will not find this node")]
    internal static partial void HealthPortTaken(this ILogger logger, NamespacedName service, NodePort port, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Reason}; next try in {Seconds:F0} s")]
    internal static partial void PortTaken(this ILogger logger, string reason, double seconds);
}

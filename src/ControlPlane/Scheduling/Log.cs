using Dataplane.Api;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Scheduling;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Warning, "Binding {Pod} to {Node} failed: {Reason}")]
    public static partial void BindingFailed(ILogger logger, NamespacedName pod, string node, string reason);

    [LoggerMessage(2, LogLevel.Debug, "The condition of unschedulable {Pod} was not written: {Reason}")]
    public static partial void ConditionLost(ILogger logger, NamespacedName pod, string reason);
}

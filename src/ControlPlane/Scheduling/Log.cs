using Dataplane.Api;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Scheduling;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Warning, "Binding {Pod} to {Node} failed: {Reason}")]
    public static partial void BindingFailed(ILogger logger, NamespacedName pod, string node, string reason);

    [LoggerMessage(2, LogLevel.Debug, "The condition of unschedulable {Pod} was not written: {Reason}")]
    public static partial void ConditionLost(ILogger logger, NamespacedName pod, string reason);

    [LoggerMessage(3, LogLevel.Debug, "{Pod} was not bound to {Node} and is looked at again: {Reason}")]
    public static partial void BindingRefused(ILogger logger, NamespacedName pod, string node, string reason);
}

using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.Ipvs;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "The kernel has no IPVS scheduler {Scheduler} (module ip_vs_{Scheduler}); {Instead} takes its place")]
    internal static partial void SchedulerMissing(this ILogger logger, string scheduler, string instead);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Address} is an address of this node and a Service's too: it stays where it is, and the Service's ports on it are the Service's")]
    internal static partial void AddressIsTheNodes(this ILogger logger, string address);

    [LoggerMessage(Level = LogLevel.Warning, Message = "excludeCIDRs: {Cidr} holds {Count} addresses of Services, {Address} first: what others put there in IPVS stays, and Services are served there all the same")]
    internal static partial void ExcludedServices(this ILogger logger, string cidr, int count, string address);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{FrontEnd} with externalTrafficPolicy Local: no mark is left to tell pods from others, who all reach this node's endpoints alone")]
    internal static partial void NoMarkLeft(this ILogger logger, string frontEnd);

    [LoggerMessage(Level = LogLevel.Warning, Message = "sysctl {Name} could not be set to {Value}: {Reason}")]
    internal static partial void SettingNotWritten(this ILogger logger, string name, string value, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Somebody else changed what this proxy wrote: {What}")]
    internal static partial void ForeignChange(this ILogger logger, string what);

    [LoggerMessage(Level = LogLevel.Information, Message = "IPVS rules go to {Tables} tables: {Reason}")]
    internal static partial void RulesGoTo(this ILogger logger, string tables, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Draining destinations could not be looked at: {Reason}")]
    internal static partial void DrainNotRead(this ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Left in place: {Reason}")]
    internal static partial void NotCleaned(this ILogger logger, string reason);
}

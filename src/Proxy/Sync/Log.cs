using Dataplane.Api;
using Dataplane.Proxy.Planning;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.Sync;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Debug, Message = "Plan {Revision} ({Services} services) in force after {Milliseconds:F2} ms")]
    internal static partial void Programmed(this ILogger logger, long revision, int services, double milliseconds);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Mode}: {Reason}; the old rules stay in force, next try in {Seconds:F1} s")]
    internal static partial void SyncFailed(this ILogger logger, string mode, string reason, double seconds);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Change} could not be read; the change is left out")]
    internal static partial void ChangeNotTaken(this ILogger logger, ModelChange change, Exception failure);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Mode}: rules were changed by somebody else; writing them again")]
    internal static partial void RulesChangedByOthers(this ILogger logger, string mode);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Service {Service}: {FrontEnd} is taken by Service {Owner}; ignored")]
    internal static partial void FrontEndTaken(this ILogger logger, NamespacedName service, FrontEnd frontEnd, NamespacedName owner);
}

using Dataplane.ControlPlane.Machinery.Errors;

namespace Dataplane.ControlPlane.Machinery.Registry;

/// <summary>Which list options go together. Source: apimachinery's validation of internalversion.ListOptions.</summary>
internal static class ListRules
{
    private const string Match = "resourceVersionMatch";

    /// <exception cref="StatusException">422: they do not.</exception>
    public static void CheckList(ListQuery query)
    {
        var errors = new FieldErrors();
        if (query.SendInitialEvents is not null)
        {
            errors.Forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list");
        }

        if (!string.IsNullOrEmpty(query.ResourceVersionMatch))
        {
            CheckListMatch(query, query.ResourceVersionMatch, errors);
        }

        Report(errors);
    }

    /// <exception cref="StatusException">422: they do not.</exception>
    public static void CheckWatch(ListQuery query)
    {
        var errors = new FieldErrors();
        if (query.SendInitialEvents is null)
        {
            if (!string.IsNullOrEmpty(query.ResourceVersionMatch))
            {
                errors.Forbidden(Match, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
            }
        }
        else if (query.ResourceVersionMatch != "NotOlderThan")
        {
            errors.Forbidden(Match, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
        }

        Report(errors);
    }

    private static void CheckListMatch(ListQuery query, string match, FieldErrors errors)
    {
        if (!string.IsNullOrEmpty(query.Continue))
        {
            errors.Forbidden(Match, "resourceVersionMatch is forbidden when continue is provided");
        }

        if (query.ResourceVersion.Length == 0)
        {
            errors.Forbidden(Match, "resourceVersionMatch is forbidden unless resourceVersion is provided");
        }

        if (match is not ("Exact" or "NotOlderThan"))
        {
            errors.NotSupported(Match, match, "", "Exact", "NotOlderThan");
        }
        else if (match == "Exact" && query.ResourceVersion == "0")
        {
            errors.Forbidden(Match, "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
        }
    }

    private static void Report(FieldErrors errors)
    {
        if (errors.All.Count > 0)
        {
            throw StatusException.Invalid("meta.k8s.io", "ListOptions", "", errors);
        }
    }
}

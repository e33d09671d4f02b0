using System.Globalization;
using Dataplane.ControlPlane.Machinery.Errors;
using Microsoft.AspNetCore.Http;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>What of a request for a log is passed on to the kubelet, once it has been found right (PodLogOptions).</summary>
internal static class PodLogQuery
{
    private static readonly string[] PassedOn = ["follow", "previous", "sinceSeconds", "sinceTime", "timestamps", "tailLines", "limitBytes"];

    /// <returns>With its question mark; empty for none.</returns>
    /// <exception cref="StatusException">A value that cannot be; the message is upstream's.</exception>
    public static string Of(IQueryCollection query, string pod)
    {
        var errors = new FieldErrors();
        AtLeast("tailLines", 0, "must be greater than or equal to 0");
        AtLeast("limitBytes", 1, "must be greater than 0");
        var bothTimes = query.ContainsKey("sinceSeconds") && query.ContainsKey("sinceTime");
        if (bothTimes)
        {
            errors.Forbidden("", "at most one of `sinceTime` or `sinceSeconds` may be specified");
        }
        else
        {
            AtLeast("sinceSeconds", 1, "must be greater than 0");
        }

        if (errors.All.Count > 0)
        {
            throw StatusException.Invalid("", "PodLogOptions", pod, errors);
        }

        var passed = string.Join('&', PassedOn.Where(query.ContainsKey).Select(name => $"{name}={Uri.EscapeDataString(query[name].ToString())}"));
        return passed.Length == 0 ? "" : "?" + passed;

        void AtLeast(string name, long least, string problem)
        {
            var text = query[name].ToString();
            if (text.Length == 0)
            {
                return;
            }

            if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            {
                throw StatusException.BadRequest($"strconv.ParseInt: parsing \"{text}\": invalid syntax");
            }

            if (number < least)
            {
                errors.Invalid(name, number, problem);
            }
        }
    }
}

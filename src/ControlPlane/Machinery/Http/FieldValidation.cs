using Dataplane.ControlPlane.Machinery.Errors;
using Microsoft.AspNetCore.Http;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>The fieldValidation parameter: what happens with fields a kind does not have.</summary>
internal static class FieldValidation
{
    /// <param name="http">The request; with Warn (the default) its answer gets Warning headers.</param>
    /// <param name="errors">What the decoder has against the object.</param>
    /// <param name="refuse">The failure for Strict, from the joined text.</param>
    public static void Report(HttpContext http, IReadOnlyList<string> errors, Func<string, StatusException> refuse)
    {
        var mode = http.Request.Query["fieldValidation"].ToString();
        switch (mode)
        {
            case "Strict" when errors.Count > 0:
                throw refuse("strict decoding error: " + string.Join(", ", errors));
            case "" or "Warn":
                foreach (var error in errors)
                {
                    http.Response.Headers.Append("Warning", $"299 - \"{error.Replace("\"", "\\\"", StringComparison.Ordinal)}\"");
                }

                break;
            case "Strict" or "Ignore":
                break;
            default:
                throw StatusException.BadRequest(
                    $"fieldValidation: Unsupported value: \"{mode}\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"");
        }
    }
}

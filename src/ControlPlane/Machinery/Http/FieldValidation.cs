using Dataplane.ControlPlane.Machinery.Errors;
using Microsoft.AspNetCore.Http;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>The fieldValidation parameter: what happens with fields a kind does not have. <see cref="RequestWriter"/> knows its values.</summary>
internal static class FieldValidation
{
    /// <param name="http">The request; with Warn (the default) its answer gets Warning headers.</param>
    /// <param name="errors">What the decoder has against the object.</param>
    /// <param name="refuse">The failure for Strict, from the joined text.</param>
    public static void Report(HttpContext http, IReadOnlyList<string> errors, Func<string, StatusException> refuse)
    {
        switch (http.Request.Query["fieldValidation"].ToString())
        {
            case "Strict" when errors.Count > 0:
                throw refuse("strict decoding error: " + string.Join(", ", errors));
            case "" or "Warn":
                foreach (var error in errors)
                {
                    WarningHeaders.Add(http, error);
                }

                break;
        }
    }
}

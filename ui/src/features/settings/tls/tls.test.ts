import { describe, expect, test } from "vitest";
import type { Certificate } from "@/api/types";
import { base64, contentOf, isWhole, NOTHING, splitPem } from "./pem";
import { commonName, greeting, showable, until } from "./words";

const section = (label: string, body: string) => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;

describe("a certificate that is brought", () => {
  test("is told from its key in one file, in any order", () => {
    const [own, above, key] = [section("CERTIFICATE", "a"), section("CERTIFICATE", "b"), section("EC PRIVATE KEY", "k")];
    expect(splitPem(`Bag Attributes\n${key}\r\n${own}${above}`)).toEqual({ certificate: own + above, key });
    expect(splitPem(own)).toEqual({ certificate: own, key: "" });
    expect(splitPem("not PEM")).toBeNull();
  });

  test("is sent as what it is: with its key, without one, or as PKCS#12", () => {
    const brought = { certificate: "c", key: "k", pkcs12: "p", password: "" };
    expect(contentOf("identity", brought)).toEqual({ certificate: "c", key: "k" });
    expect(contentOf("authority", brought)).toEqual({ certificate: "c" });
    expect(contentOf("pkcs12", brought)).toEqual({ pkcs12: "p" });
    expect(contentOf("pkcs12", { ...brought, password: " x" })).toEqual({ pkcs12: "p", password: " x" });
    expect([isWhole("identity", { ...brought, key: " " }), isWhole("authority", { ...NOTHING, certificate: "c" })]).toEqual([false, true]);
  });

  test("goes as base64, every byte of it", () => {
    expect(base64(new Uint8Array([0, 128, 255]))).toBe("AID/");
  });
});

describe("certificates in words", () => {
  test("an end is said with the days that are left", () => {
    const at = new Date(2027, 0, 3, 12).getTime();
    expect(until(at, at - 41.5 * 86_400_000)).toBe("2027-01-03, in 41 days");
    expect(until(at, at - 1)).toBe("2027-01-03, in less than a day");
    expect(until(at, at)).toBe("expired 2027-01-03");
  });

  test("a listener's greeting is said in a line", () => {
    expect(greeting({ certificates: [] })).toBe("TLS 1.2 or later, HTTP/2 and HTTP/1.1, callers show no certificate");
    expect(greeting({ certificates: [], http2: false, client_certificates: "required", client_authority: "staff" })).toBe(
      "TLS 1.2 or later, HTTP/1.1 only, callers must show a certificate of staff",
    );
  });

  test("what was made for one listener is not offered to others", () => {
    const of = (name: string, issued_locally: boolean, kind = "identity") => ({ name, issued_locally, kind }) as Certificate;
    const known = [of("local 127.0.0.1:8443", true), of("local cafe", false), of("shop", true), of("staff", false, "authority")];
    expect(showable(known).map(({ name }) => name)).toEqual(["local cafe", "shop"]);
  });

  test("names are read as they are written", () => {
    expect(commonName("O=Orders, CN=orders.test")).toBe("orders.test");
    expect(commonName("O=Orders")).toBe("O=Orders");
  });
});

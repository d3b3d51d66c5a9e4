"""Creates customers from a CSV file with a progress bar, and searches them:
`python import_customers.py ../data/organizations.csv customers.db [TEXT]`
"""

import csv
import sys
from collections.abc import Iterator

from tqdm import tqdm

from tenantry import ImportedRow, ImportOutcome, NewCustomer, Tenantry, TenantryError, VendorScope, VerifiedEmail

EMAIL = VerifiedEmail("import@vendor.test")
HEADER = ["external_id", "name"]


def rows(path: str) -> Iterator[NewCustomer | ValueError]:
    """The customers of a file; a row that cannot be read is a `ValueError` with the reason."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        if (header := next(reader, [])) != HEADER:
            sys.exit(f"the header is `{','.join(header)}`, not `{','.join(HEADER)}`")
        for row in reader:
            if len(row) == 2:
                # An empty field is a missing one; the import refuses the row.
                yield NewCustomer(row[1], row[0].strip() or None)
            elif row:
                yield ValueError(f"has {len(row)} instead of 2 fields")


def sign_in(app: Tenantry) -> VendorScope:
    """The vendor `import` of the database, made at the first run, with its Administrator acting."""
    vendor = app.find_vendor("import")
    if vendor is None:
        return app.bootstrap("import", "Import", "Importer", EMAIL)
    identity = app.identify(vendor.id, EMAIL)
    if identity is None:
        sys.exit("the vendor `import` of this database is another program's")
    return app.vendor(vendor.id, identity.user)


def main(path: str, database: str, text: str = "HAUSGERÄTE") -> None:
    """Imports, and shows what is found."""
    with Tenantry.open(database) as app, tqdm(unit=" rows") as bar:
        ada = sign_in(app)

        def report(row: ImportedRow) -> None:
            bar.update()
            if row.outcome is ImportOutcome.REFUSED:
                bar.write(f"row {row.row} refused: {row.reason}")

        summary = ada.customers.import_rows(rows(path), report)
        bar.close()
        print(f"rows {summary.rows}  created {summary.created}  skipped {summary.skipped}  refused {summary.refused}")
        print(f"\ncustomers with `{text}`")
        for customer in ada.customers.list(text=text):
            print(f"{customer.external_id or '':>12}  {customer.name}")


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit("usage: import_customers.py FILE.csv DATABASE [TEXT]")
    try:
        main(*sys.argv[1:])
    except (OSError, TenantryError) as error:
        sys.exit(f"error: {error}")

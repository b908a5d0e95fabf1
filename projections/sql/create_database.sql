-- Make a database in UTF-8 whose text sorts by bytes.
CREATE DATABASE {name} OWNER {owner} TEMPLATE template0 ENCODING 'UTF8'
       LC_COLLATE 'C' LC_CTYPE 'C';
